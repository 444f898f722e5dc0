"""Make, change, follow and delete environments from templates: plan, create, update, state, events, delete, list.

CloudFormation makes what a template describes, and udo.yml says which template, with which parameters and tags, and in
which account and region. A stack with `params` is orderable: each order is a stack of its own.

\b
udo stack plan review --param branch=cart
udo stack create review --param branch=cart
udo stack events review --param branch=cart -w
"""
