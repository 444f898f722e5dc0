"""API Gateway: one case for each rule, named like it."""

from __future__ import annotations

import json
from typing import Any

from account import Account, accepted, holds, refused
from cases_functions import _function

ECHO = "import json\ndef handler(event, context):\n    return {'statusCode': 201, 'body': json.dumps(event)}\n"
KEY = "a-key-that-is-long-enough"


class _Api:
    """An API with a resource /orders, whose POST asks the function `shop`."""

    def __init__(self, aws: Account, code: str = ECHO, required: bool = False, allowed: str = "*") -> None:
        from cases_functions import _packed

        self.aws, self.client = aws, aws.apigateway
        arn = _function(aws, Code={"ZipFile": _packed(code)})["FunctionArn"]
        self.uri = f"arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/{arn}/invocations"
        self.id = self.client.create_rest_api(name="shop")["id"]
        self.root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        self.orders = self.resource("orders")
        self.method(self.orders, "POST", required)
        source = f"arn:aws:execute-api:us-west-2:123456789012:{self.id}/{allowed}"
        service = {"Principal": "apigateway.amazonaws.com", "SourceArn": source}
        words = {"FunctionName": "shop", "StatementId": "gateway", "Action": "lambda:InvokeFunction", **service}
        aws.functions.add_permission(**words)

    def resource(self, part: str, parent: str = "") -> str:
        made = accepted(self.client.create_resource, restApiId=self.id, parentId=parent or self.root, pathPart=part)
        return str(made["id"])

    def method(self, resource: str, name: str, required: bool = False, by: str = "POST") -> None:
        where = {"restApiId": self.id, "resourceId": resource, "httpMethod": name}
        accepted(self.client.put_method, **where, authorizationType="NONE", apiKeyRequired=required)
        kind = {"type": "AWS_PROXY", "integrationHttpMethod": by, "uri": self.uri}
        accepted(self.client.put_integration, **where, **kind)

    def deploy(self) -> str:
        return str(accepted(self.client.create_deployment, restApiId=self.id)["id"])

    def stage(self, name: str = "live", **more: Any) -> None:
        accepted(self.client.create_stage, restApiId=self.id, stageName=name, deploymentId=self.deploy(), **more)

    def plan(self, **limits: Any) -> str:
        """Makes a usage plan of the stage with one key in it."""
        stages = [{"apiId": self.id, "stage": "live"}]
        plan = str(accepted(self.client.create_usage_plan, name="gold", apiStages=stages, **limits)["id"])
        key = accepted(self.client.create_api_key, name="one", value=KEY, enabled=True)["id"]
        accepted(self.client.create_usage_plan_key, usagePlanId=plan, keyId=key, keyType="API_KEY")
        return plan

    def call(self, path: str = "/orders", method: str = "POST", key: str = "", stage: str = "live") -> tuple[int, Any]:
        url = f"https://{self.id}.execute-api.us-west-2.amazonaws.com/{stage}{path}"
        headers = {"x_api_key": key} if key else {}
        status, _, body = self.aws.http(method, url, b'{"n": 1}', **headers)
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body


def _says(found: tuple[int, Any], status: int, message: str) -> None:
    holds(found == (status, {"message": message}), str(found))


def siblings_have_names_of_their_own(aws: Account) -> None:
    api = _Api(aws)
    make, where = aws.apigateway.create_resource, {"restApiId": api.id, "parentId": api.root}
    told = "Another resource with the same parent already has this name: orders"
    refused(make, "ConflictException", told, **where, pathPart="orders")
    api.resource("{id}")
    told = "A sibling ({id}) of this resource already has a variable path part -- only one is allowed"
    refused(make, "BadRequestException", told, **where, pathPart="{name}")
    api.resource("orders", api.orders)


def methods_exist_once(aws: Account) -> None:
    api = _Api(aws)
    where = {"restApiId": api.id, "resourceId": api.orders, "authorizationType": "NONE"}
    refused(aws.apigateway.put_method, "ConflictException", "Method already exists", **where, httpMethod="POST")
    refused(aws.apigateway.put_method, "BadRequestException", "Invalid HttpMethod", **where, httpMethod="FETCH")


def integrations_lead_to_a_function(aws: Account) -> None:
    api = _Api(aws)
    where = {"restApiId": api.id, "resourceId": api.orders, "httpMethod": "POST", "type": "AWS_PROXY"}
    put, code = aws.apigateway.put_integration, "BadRequestException"
    where["integrationHttpMethod"] = "POST"
    elsewhere = api.uri.replace("apigateway:us-west-2", "apigateway:eu-west-1")
    refused(put, code, "Invalid ARN specified in the request", **where, uri=elsewhere)
    refused(put, code, "Invalid ARN specified in the request", **where, uri="shop")
    refused(
        put, code, "must contain path or action", **where, uri="arn:aws:lambda:us-west-2:123456789012:function:shop"
    )
    refused(put, code, "between 50 ms and 29000 ms", **where, uri=api.uri, timeoutInMillis=30_000)


def stages_show_a_deployment(aws: Account) -> None:
    api = _Api(aws)
    words = {"restApiId": api.id, "stageName": "live"}
    told = "Deployment id does not exist"
    refused(aws.apigateway.create_stage, "BadRequestException", told, **words, deploymentId="lost12")
    api.stage()
    change = [{"op": "replace", "path": "/deploymentId", "value": "lost12"}]
    refused(aws.apigateway.update_stage, "BadRequestException", told, **words, patchOperations=change)


def stage_names_have_their_form(aws: Account) -> None:
    api = _Api(aws)
    words = {"restApiId": api.id, "stageName": "to live", "deploymentId": api.deploy()}
    refused(aws.apigateway.create_stage, "BadRequestException", "Stage name only allows", **words)


def key_values_are_long_and_unique(aws: Account) -> None:
    make = aws.apigateway.create_api_key
    accepted(make, name="one", value=KEY)
    refused(make, "BadRequestException", "at least 20 characters", name="two", value="short")
    refused(make, "BadRequestException", "at most 128 characters", name="two", value="x" * 129)
    refused(make, "ConflictException", "API Key already exists", name="two", value=KEY)


def plans_are_of_stages_that_exist(aws: Account) -> None:
    api = _Api(aws)
    api.stage()
    make, stages = aws.apigateway.create_usage_plan, [{"apiId": api.id, "stage": "lost"}]
    refused(make, "NotFoundException", f"API Stage not found: {api.id}:lost", name="gold", apiStages=stages)
    plan = accepted(make, name="gold", apiStages=[{"apiId": api.id, "stage": "live"}])["id"]
    change = [{"op": "add", "path": "/apiStages", "value": f"{api.id}:lost"}]
    refused(
        aws.apigateway.update_usage_plan, "NotFoundException", "not found", usagePlanId=plan, patchOperations=change
    )


def plans_of_stages_stay(aws: Account) -> None:
    api = _Api(aws)
    api.stage()
    plan = api.plan()
    told = f"there are API Stages associated with it, including {api.id}:live"
    refused(aws.apigateway.delete_usage_plan, "BadRequestException", told, usagePlanId=plan)
    change = [{"op": "remove", "path": "/apiStages", "value": f"{api.id}:live"}]
    accepted(aws.apigateway.update_usage_plan, usagePlanId=plan, patchOperations=change)
    accepted(aws.apigateway.delete_usage_plan, usagePlanId=plan)


def stages_show_what_was_deployed(aws: Account) -> None:
    api = _Api(aws)
    api.stage()
    one = api.resource("{id}", api.orders)
    api.method(one, "ANY")
    holds(api.call("/orders/7", "GET")[0] == 403, "what was not deployed is shown")
    change = [{"op": "replace", "path": "/deploymentId", "value": api.deploy()}]
    accepted(aws.apigateway.update_stage, restApiId=api.id, stageName="live", patchOperations=change)
    status, event = api.call("/orders/7", "GET")
    holds(status == 201 and event["pathParameters"] == {"id": "7"} and event["resource"] == "/orders/{id}")


def unknown_paths_miss_a_token(aws: Account) -> None:
    api = _Api(aws)
    api.stage()
    for path, method in (("/lost", "POST"), ("/orders", "GET"), ("/", "POST"), ("/orders/7", "POST")):
        _says(api.call(path, method), 403, "Missing Authentication Token")
    _says(api.call(stage="lost"), 403, "Forbidden")


def methods_ask_for_a_key(aws: Account) -> None:
    api = _Api(aws, required=True)
    api.stage()
    plan = api.plan()
    for key in ("", "another-key-that-is-long"):
        _says(api.call(key=key), 403, "Forbidden")
    status, event = api.call(key=KEY)
    number = aws.apigateway.get_api_keys()["items"][0]["id"]
    holds(status == 201 and event["requestContext"]["identity"]["apiKeyId"] == number)
    off = [{"op": "replace", "path": "/enabled", "value": "false"}]
    accepted(aws.apigateway.update_api_key, apiKey=number, patchOperations=off)
    _says(api.call(key=KEY), 403, "Forbidden")
    off[0]["value"] = "true"
    accepted(aws.apigateway.update_api_key, apiKey=number, patchOperations=off)
    accepted(aws.apigateway.delete_usage_plan_key, usagePlanId=plan, keyId=number)
    _says(api.call(key=KEY), 403, "Forbidden")


def callers_keep_to_rates(aws: Account) -> None:
    # A function that is off answers at once, as far as that goes.
    api = _Api(aws, required=True)
    api.stage()
    api.plan(throttle={"rateLimit": 0.5, "burstLimit": 2})
    accepted(aws.functions.put_function_concurrency, FunctionName="shop", ReservedConcurrentExecutions=0)
    holds([api.call(key=KEY)[0] for _ in range(2)] == [500, 500])
    _says(api.call(key=KEY), 429, "Too Many Requests")
    aws.step(2)
    holds([api.call(key=KEY)[0] for _ in range(2)] == [500, 429])
    path, value = "/*/*/throttling/burstLimit", "0"
    change = [{"op": "replace", "path": path, "value": value}]
    accepted(aws.apigateway.update_stage, restApiId=api.id, stageName="live", patchOperations=change)
    aws.step(60)
    _says(api.call(key=KEY), 429, "Too Many Requests")


def keys_keep_to_quotas(aws: Account) -> None:
    api = _Api(aws, required=True)
    api.stage()
    api.plan(quota={"limit": 2, "period": "DAY"})
    accepted(aws.functions.put_function_concurrency, FunctionName="shop", ReservedConcurrentExecutions=0)
    holds([api.call(key=KEY)[0] for _ in range(2)] == [500, 500])
    _says(api.call(key=KEY), 429, "Limit Exceeded")
    aws.step(86_400)
    holds(api.call(key=KEY)[0] == 500)


def functions_let_the_gateway_in(aws: Account) -> None:
    api = _Api(aws, allowed="test/POST/orders")
    other = api.resource("other")
    api.method(other, "POST", by="GET")
    api.stage()
    api.stage("test")
    _says(api.call(), 500, "Internal server error")
    holds(api.call(stage="test")[0] == 201)
    words = {"FunctionName": "shop", "StatementId": "all", "Action": "lambda:InvokeFunction"}
    accepted(aws.functions.add_permission, **words, Principal="apigateway.amazonaws.com")
    _says(api.call("/other"), 500, "Internal server error")


def functions_get_the_request_as_an_event(aws: Account) -> None:
    api = _Api(aws)
    api.stage(variables={"color": "red"})
    status, event = api.call("/orders?a=1&a=2&b=%20x")
    holds(status == 201)
    wanted = {
        "resource": "/orders",
        "path": "/orders",
        "httpMethod": "POST",
        "queryStringParameters": {"a": "2", "b": " x"},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": [" x"]},
        "pathParameters": None,
        "stageVariables": {"color": "red"},
        "body": '{"n": 1}',
        "isBase64Encoded": False,
    }
    holds({key: event.get(key) for key in wanted} == wanted, str(event))
    about = event["requestContext"]
    holds((about["stage"], about["apiId"], about["path"]) == ("live", api.id, "/live/orders"))
    holds(event["headers"]["Host"] == f"{api.id}.execute-api.us-west-2.amazonaws.com")


def answers_have_the_form_of_a_proxy(aws: Account) -> None:
    api = _Api(
        aws, "import json\ndef handler(event, context):\n    return json.loads(json.loads(event['body'])['say'])\n"
    )
    api.stage()
    url = f"https://{api.id}.execute-api.us-west-2.amazonaws.com/live/orders"

    def said(answer: Any) -> tuple[int, dict[str, str], str]:
        return aws.http("POST", url, json.dumps({"say": json.dumps(answer)}).encode())

    status, headers, body = said({"statusCode": 418, "headers": {"x-tea": True}, "body": "short and stout"})
    holds((status, headers["x-tea"], body) == (418, "true", "short and stout"), str((status, headers, body)))
    for wrong in (None, "text", {"body": "no status"}, {"statusCode": 200, "body": {"no": "text"}}):
        status, _, body = said(wrong)
        holds((status, json.loads(body)) == (502, {"message": "Internal server error"}), str((wrong, status, body)))
    # What it raises is no answer either.
    status, _, body = aws.http("POST", url, b"no JSON")
    holds((status, json.loads(body)) == (502, {"message": "Internal server error"}))
