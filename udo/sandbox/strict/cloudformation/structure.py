"""Whether a template is one: its sections, its resources, and that what its parts lean on is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.cloudformation import schemas
from udo.sandbox.strict.cloudformation.kinds import KINDS
from udo.sandbox.strict.cloudformation.references import PSEUDO, circle, conditions, depends_on, needs, references
from udo.sandbox.strict.cloudformation.refusal import invalid
from udo.sandbox.strict.cloudformation.text import parsed
from udo.sandbox.strict.rules import rule

# Source: CloudFormation User Guide, "Template anatomy" and "CloudFormation quotas".
_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
)
_OF_RESOURCES = (
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
)
_MOST = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
_LOGICAL = re.compile(r"[A-Za-z0-9]+")
_OPERATIONS = ("CreateChangeSet", "CreateStack", "UpdateStack", "ValidateTemplate")


def checked(text: str) -> dict[str, Any]:
    """The template of a text, which is one that CloudFormation takes. Raises: Refusal."""
    template = parsed(text)
    templates_have_their_sections(template)
    resources_are_described(template["Resources"])
    types_exist(template["Resources"])
    what_is_named_is_there(template)
    resources_do_not_wait_for_each_other(template)
    return template


@rule("cloudformation", *_OPERATIONS, moto="takes any sections, and a template without resources")
def templates_have_their_sections(template: Mapping[str, Any]) -> None:
    """A template has sections that CloudFormation knows, at least one resource, and no more than its quotas.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html.
    """
    if unknown := sorted(str(key) for key in template if key not in _SECTIONS):
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    if str(template.get("AWSTemplateFormatVersion", "2010-09-09")) != "2010-09-09":
        raise invalid("Template format error: unsupported value for AWSTemplateFormatVersion.")
    if len(str(template.get("Description", ""))) > 1024:
        raise invalid("Template format error: 'Description' length is greater than 1024.")
    if not template.get("Resources"):
        raise invalid("Template format error: At least one Resources member must be defined.")
    for section, most in _MOST.items():
        found = template.get(section, {})
        if not isinstance(found, dict):
            raise invalid(f"Template format error: {section} section must be an object.")
        if len(found) > most:
            told = f"Number of {section.lower()}, {len(found)}, is greater than maximum allowed, {most}"
            raise invalid(f"Template format error: {told}")
    if "Transform" in template:
        raise NotImplementedError(f"the transform {template['Transform']} of a template")
    for section in ("Conditions", "Mappings", "Outputs", "Parameters"):
        found = template.get(section, {})
        if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
            raise invalid(f"Template format error: Every {section} object must be an object.")
    for name, output in template.get("Outputs", {}).items():
        if not isinstance(output, dict) or "Value" not in output:
            raise invalid(
                f"Template format error: Output {name} is malformed. (Every Outputs member must contain a Value object)"
            )


@rule("cloudformation", *_OPERATIONS, moto="crashes where a resource has no type, and takes any attribute")
def resources_are_described(resources: Mapping[str, Any]) -> None:
    """A resource has a name of letters and digits, a type, and no attributes that are not known.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html.
    """
    for name, definition in resources.items():
        if not _LOGICAL.fullmatch(str(name)):
            raise invalid(f"Template format error: Resource name {name} is non alphanumeric.")
        if not isinstance(definition, dict):
            raise invalid(f"Template format error: [/Resources/{name}] resource definition is malformed")
        if not isinstance(definition.get("Type"), str):
            raise invalid(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
            )
        if unknown := next((key for key in definition if key not in _OF_RESOURCES), None):
            raise invalid(f"Invalid template resource property '{unknown}'")
        if not isinstance(definition.get("Properties", {}), dict):
            raise invalid("Template format error: Any Properties member must be an object.")
        _attributes_fit(name, definition)
        if definition.get("DeletionPolicy", "Delete") not in ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"):
            raise invalid(
                f"Template format error: Unrecognized DeletionPolicy {definition['DeletionPolicy']} for {name}"
            )


def _attributes_fit(name: str, definition: Mapping[str, Any]) -> None:
    depends, condition = definition.get("DependsOn", []), definition.get("Condition", "")
    named = depends if isinstance(depends, list) else [depends]
    if not all(isinstance(one, str) for one in named):
        told = "DependsOn must be a string or a list of strings"
        raise invalid(f"Template format error: [/Resources/{name}/DependsOn] {told}")
    if not isinstance(condition, str):
        raise invalid(f"Template format error: [/Resources/{name}/Condition] Condition must be a string")


@rule("cloudformation", *_OPERATIONS, moto="takes any type, and makes nothing of those it does not know")
def types_exist(resources: Mapping[str, Any]) -> None:
    """Types of resources are those of AWS's registry; the sandbox names those that it does not know itself.

    Source: cfn-lint's copy of the CloudFormation registry.
    """
    kinds = {definition["Type"] for definition in resources.values()}
    custom = {kind for kind in kinds if kind.startswith("Custom::")}
    if unknown := sorted(kind for kind in kinds - custom if not schemas.is_known(kind)):
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    if foreign := sorted(kinds - KINDS.keys()):
        raise invalid(f"the sandbox does not know {', '.join(foreign)}; it knows {', '.join(sorted(KINDS))}")


@rule("cloudformation", *_OPERATIONS, moto="crashes, or leaves the value empty")
def what_is_named_is_there(template: Mapping[str, Any]) -> None:
    """What Ref, Fn::GetAtt, Fn::Sub, DependsOn and conditions name stands in the template, and attributes are there.

    Source: AWS re:Post, "Template format error: Unresolved resource dependencies" in CloudFormation.
    """
    resources, parameters = template["Resources"], template.get("Parameters", {})
    known = PSEUDO | resources.keys() | parameters.keys()
    for section in ("Resources", "Outputs"):
        _present(template.get(section, {}), section, known, resources)
        named = set(conditions(template.get(section, {})))
        if gone := sorted(named - set(template.get("Conditions", {}))):
            told = f"Unresolved condition dependency {gone[0]} in the {section} block of the template"
            raise invalid(f"Template format error: {told}")
    for name, condition in template.get("Conditions", {}).items():
        if gone := sorted({one.name for one in references(condition)} - PSEUDO - parameters.keys()):
            told = f"Unresolved dependencies [{', '.join(gone)}]. Cannot reference resources in the Conditions block"
            raise invalid(f"Template format error: {told} of the template")
        if lost := sorted(set(conditions(condition)) - set(template["Conditions"])):
            raise invalid(f"Template format error: Unresolved condition dependency {lost[0]} in condition {name}")


def _present(section: Mapping[str, Any], title: str, known: Any, resources: Mapping[str, Any]) -> None:
    gone: set[str] = set()
    for definition in section.values():
        parts = {key: one for key, one in definition.items() if key != "Metadata"}
        if title == "Resources":
            gone |= {name for name in depends_on(definition) if name not in resources}
        for one in references(parts):
            if one.function == "Fn::GetAtt" and one.name not in resources:
                raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {one.name}")
            if one.name not in known:
                gone.add(one.name)
            elif one.attribute and one.name in resources:
                _readable(one.name, one.attribute, resources[one.name]["Type"])
    if gone:
        told = f"Unresolved resource dependencies [{', '.join(sorted(gone))}] in the {title} block of the template"
        raise invalid(f"Template format error: {told}")


def _readable(name: str, attribute: str, kind: str) -> None:
    if kind not in KINDS or attribute.startswith("Outputs."):
        return
    if attribute not in schemas.read_only(kind) | set(KINDS[kind].reads):
        raise invalid(f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt")


@rule("cloudformation", *_OPERATIONS, moto="goes round until Python's stack is full")
def resources_do_not_wait_for_each_other(template: Mapping[str, Any]) -> None:
    """Resources that need each other in a circle are refused.

    Source: AWS re:Post, "Circular dependency between resources" in CloudFormation.
    """
    if waiting := circle(needs(template)):
        raise invalid(f"Circular dependency between resources: [{', '.join(waiting)}]")
