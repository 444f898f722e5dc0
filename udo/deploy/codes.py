"""CodeDeploy's codes in words, and what to do about them."""

from __future__ import annotations

import re

# Source: API_ErrorInformation and docs.aws.amazon.com/codedeploy/latest/userguide/error-codes.html. What is not here
# is shown in CodeDeploy's own words.
WORDS = {
    "AGENT_ISSUE": "the CodeDeploy agent has a problem",
    "ALARM_ACTIVE": "an alarm of the deployment group, or of guards, went off",
    "APPLICATION_MISSING": "the application does not exist any more",
    "AUTO_SCALING_CONFIGURATION": "the Auto Scaling group cannot be used as it is",
    "AUTO_SCALING_IAM_ROLE_PERMISSIONS": "the service role may not use Auto Scaling",
    "DEPLOYMENT_GROUP_MISSING": "the deployment group does not exist any more",
    "HEALTH_CONSTRAINTS": "too many instances failed, or too few were healthy",
    "HEALTH_CONSTRAINTS_INVALID": "fewer instances are healthy than the deployment configuration asks for",
    "IAM_ROLE_MISSING": "the service role of the deployment group does not exist",
    "IAM_ROLE_PERMISSIONS": "the service role of the deployment group lacks permissions",
    "INTERNAL_ERROR": "CodeDeploy itself had an error",
    "INVALID_REVISION": "the revision cannot be used",
    "MANUAL_STOP": "somebody stopped it",
    "MISSING_GITHUB_TOKEN": "CodeDeploy is not connected to GitHub",
    "NO_INSTANCES": "no instance was found for the deployment group",
    "OVER_MAX_INSTANCES": "it has more instances than this account may deploy to at once",
    "RESOURCE_LIMIT_EXCEEDED": "a quota of the account is used up",
    "REVISION_MISSING": "the revision does not exist where it was said to be",
    "THROTTLED": "this account made more requests than AWS allows",
    "TIMEOUT": "it took longer than CodeDeploy allows",
}
REMEDIES = {
    "AGENT_ISSUE": "on an instance, look at /var/log/aws/codedeploy-agent",
    "ALARM_ACTIVE": "see what the alarm says before you deploy again",
    "AUTO_SCALING_CONFIGURATION": "see the activities of the group: 'udo why'",
    "AUTO_SCALING_IAM_ROLE_PERMISSIONS": "give the service role the managed policy AWSCodeDeployRole",
    "ELB_INVALID_INSTANCE": "see whether the members are registered with the load balancer of the deployment group",
    "HEALTH_CONSTRAINTS": "on an instance, look at /var/log/aws/codedeploy-agent",
    "HEALTH_CONSTRAINTS_INVALID": "choose another deploy.config, or have more instances",
    "IAM_ROLE_MISSING": "set a service role in the deployment group",
    "IAM_ROLE_PERMISSIONS": "give the service role the managed policy AWSCodeDeployRole",
    "INTERNAL_ERROR": "run the same command again",
    "INVALID_REVISION": "look through the bundle: 'udo check --bundle DIR'",
    "MISSING_GITHUB_TOKEN": "connect the application to GitHub once, in the CodeDeploy console",
    "NO_INSTANCES": "see whether the deployment group names the group of udo.yml: 'udo check --online'",
    "REVISION_MISSING": "see whether the object or commit is there",
    "THROTTLED": "run the same command again, a little later",
    "TIMEOUT": "see what the instances above were at; an instance has an hour for each event",
}
# These say no more than that instances failed.
OF_INSTANCES = ("HEALTH_CONSTRAINTS",)
# What an error's message names beyond its code. Source: the messages of API_ErrorInformation's codes.
DETAILS = (
    re.compile(r"Activated alarms: <?([^<>]+)>?"),
    re.compile(r"(arn:aws\S+)"),
    re.compile(r"AWS service: (\w+)"),
)
# What these run is what the last Install has left. Source: the agent's HookExecutor, 1.8.1.
OF_THE_LAST = ("ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic")
# Source: the message of a lifecycle event that no agent took up.
AGENT_LOST = "CodeDeploy agent was not able to receive the lifecycle event"
# What an agent says that something can be done about. Source: agent 1.8.1, which was run.
AGENT_REMEDIES = (
    (re.compile(AGENT_LOST), "is the instance still there? if so, on it: 'systemctl status codedeploy-agent'"),
    (
        re.compile(r"a specified file already exists at this location"),
        "no deployment brought that file: '--file-exists overwrite' replaces it, '--file-exists retain' keeps it",
    ),
    (
        re.compile(r"failed to close STD"),
        "what the script starts must not keep its output: 'program >/dev/null 2>&1 </dev/null &'",
    ),
    (
        re.compile(r"(?i)app(lication )?spec|lifecycle events: \["),
        "see what is wrong with appspec.yml: 'udo check --bundle DIR'",
    ),
    (re.compile(r"(?i)disk is \(or was\) full|No space left"), "make room on the instance"),
    (
        re.compile(r"(?i)key does not exist|404|Access ?Denied|403"),
        "may the instance read the revision, and is it there?",
    ),
)
