"""What AWS has to allow for verbs on roles: the least policy, its size, and whom GitHub lets in."""
