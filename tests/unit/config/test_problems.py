"""Problem details: the document of RFC 9457."""

from config.problems import FieldProblem, Problem


def test_a_problem_names_its_type_title_status_and_request() -> None:
    problem = Problem(status=404, type="not-found", title="没有这个办件")
    assert problem.document(base_url="https://a.example", request_id="f00d") == {
        "type": "https://a.example/problems/not-found",
        "title": "没有这个办件",
        "status": 404,
        "instance": "urn:request:f00d",
    }


def test_a_problem_points_at_each_field() -> None:
    errors = (FieldProblem(pointer="/form/id_number", code="checksum", detail="身份证号码校验位不符"),)
    document = Problem(
        status=422, type="invalid-application", title="申请有误", detail="请改正后重新提交", errors=errors
    ).document(base_url="https://a.example", request_id="f00d")
    assert document["detail"] == "请改正后重新提交"
    assert document["errors"] == [
        {"pointer": "/form/id_number", "code": "checksum", "detail": "身份证号码校验位不符"},
    ]


def test_the_media_type_is_the_standards_one() -> None:
    assert Problem.media_type == "application/problem+json"
