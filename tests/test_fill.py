"""Claims about the slot language and about filling templates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from copilot.drafting.fill import MissingSlot, fill, product_values
from copilot.drafting.slots import FILTERS, PATHS, parse
from copilot.drafting.template_files import load_scripts, load_templates
from copilot.errors import InputError
from copilot.records.codes import ProductType
from copilot.records.product import Product

DEPOSIT = Product(
    product_code="DEP-3Y",
    valid_from=date(2026, 10, 15),
    name="三年期整存整取",
    type=ProductType.DEPOSIT,
    issuer="示例银行",
    min_amount=50_00,
    term_days=1095,
    rate_bp=145.0,
)
VALUES = {
    **product_values(DEPOSIT),
    "customer.salutation": "王女士",
    "staff.number": "S1003",
    "today": date(2026, 11, 20),
}
TEMPLATE = """id: {id}
version: 1
title: 存款答复
kind: message
product_types: [deposit]
channels: [wecom]
tone: plain
valid_from: 2026-10-15
valid_to: 2027-07-01
author: S9004
text: |
  {text}
"""


def write(directory: Path, text: str, *, name: str = "deposit-wecom", extra: str = "") -> Path:
    path = directory / f"{name}.yaml"
    path.write_text(TEMPLATE.format(id=name, text=text) + extra, encoding="utf-8")
    return path


def test_every_figure_is_recorded_with_its_exact_span_and_source() -> None:
    text = (
        "{{ customer.salutation | greeting }}，{{ product.name }}今天（{{ today | date }}）"
        "年利率{{ product.rate_bp | percent }}，{{ product.min_amount | amount }}起，"
        "工号{{ staff.number }}。"
    )
    filled = fill(text, VALUES)
    assert filled.text == (
        "王女士您好，三年期整存整取今天（11月20日）年利率1.45%，50元起，工号S1003。"
    )
    assert {figure.source: figure.text for figure in filled.figures} == {
        "today": "11月20日",
        "product.rate_bp": "1.45%",
        "product.min_amount": "50元",
        "staff.number": "S1003",
    }
    for figure in filled.figures:
        assert filled.text[figure.start : figure.end] == figure.text


def test_text_without_digits_is_no_figure() -> None:
    assert fill("{{ product.name }}", VALUES).figures == ()


def test_a_customer_without_a_name_is_still_greeted_properly() -> None:
    assert fill("{{ customer.salutation | greeting }}，", {"customer.salutation": "您"}).text == (
        "您好，"
    )


def test_a_missing_value_says_which_slot_so_that_another_template_can_be_used() -> None:
    with pytest.raises(MissingSlot) as caught:
        fill("投诉期至{{ product.sale_to | date }}", VALUES)
    assert caught.value.path == "product.sale_to"


def test_values_are_not_interpreted_as_template_text() -> None:
    hostile = VALUES | {"product.name": "{{ staff.number }}{% for x in y %}"}
    assert fill("买{{ product.name }}", hostile).text == "买{{ staff.number }}{% for x in y %}"


@pytest.mark.parametrize(
    "text",
    [
        "{% if product.rate_bp %}高{% endif %}",
        "{# 备注 #}",
        "{{ product.rate_bp + 10 }}",
        "{{ product.rate_bp | percent | percent }}",
        "{{ product['rate_bp'] }}",
        "{{ product.__class__ }}",
        "{{ range(3) }}",
        "{{ '1.45%' }}",
        "{{ product.rate_bp | percent",
        "{{ today date }}",
        "{{- today | date -}}",
        "{{ }}",
        "单独的 }} 括号",
        "{% raw %}{{ today }}{% endraw %}",
    ],
)
def test_anything_but_a_plain_slot_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


def test_an_unknown_path_names_file_line_and_what_is_allowed() -> None:
    with pytest.raises(InputError) as caught:
        parse("第一行\n{{ customer.phone }}", file="a.yaml", first_line=12)
    assert (caught.value.file, caught.value.row) == ("a.yaml", 13)
    assert "customer.phone" in caught.value.message
    assert "customer.salutation" in caught.value.next


def test_a_filter_must_suit_what_the_path_holds() -> None:
    with pytest.raises(InputError) as caught:
        parse("{{ product.min_amount | percent }}")
    assert "amount" in caught.value.next


def test_no_slot_reaches_identity_or_balances() -> None:
    assert not {path for path in PATHS if path.split(".")[-1] in {"phone", "id_number", "aum"}}
    assert {path for path in PATHS if path.startswith("customer.")} == {"customer.salutation"}


def test_every_path_can_be_shown() -> None:
    sample = {"rate": 120.0, "amount": 100, "term": 90, "date": date(2026, 11, 20)}
    for path, kind in PATHS.items():
        for filter in FILTERS[kind]:
            slot = f"{{{{ {path} | {filter} }}}}" if filter else f"{{{{ {path} }}}}"
            assert fill(slot, {path: sample.get(kind.value, "甲")}).text


def test_a_template_file_becomes_a_record(tmp_path: Path) -> None:
    write(
        tmp_path,
        "{{ product.name }}年利率{{ product.rate_bp | percent }}（{{ today | date }}）。",
        extra='conditions: {maturing_30: ">= 500000"}\nrequired: [rate_date]\n',
    )
    (template,) = load_templates(tmp_path)
    assert template.template_id == "deposit-wecom"
    assert template.conditions[0].met(500_000)
    assert not template.conditions[0].met(499_999)
    assert template.text.endswith("）。")


@pytest.mark.parametrize(
    ("text", "extra", "field", "says"),
    [
        ("年利率1.45%", "", "text", "写死了数字"),
        ("年利率１．４５％", "", "text", "写死了数字"),
        ("您好", "colour: red\n", "colour", "未知的键"),
        ("您好", "required: [opt_out]\n", "required.0", "opt_out"),
        ("您好", "required: [lucky_number]\n", "required.0", "未知的必备要素"),
        ("您好", 'conditions: {phone: "> 0"}\n', "conditions.phone", "不可用"),
        ("您好", 'conditions: {age: "old"}\n', "conditions.age", "写法不对"),
        ("您好", "segments: [a]\nsegments: [b]\n", "segments", "两次"),
    ],
)
def test_a_wrong_template_file_stops_with_file_line_and_field(
    tmp_path: Path, text: str, extra: str, field: str, says: str
) -> None:
    path = write(tmp_path, text, extra=extra)
    with pytest.raises(InputError) as caught:
        load_templates(tmp_path)
    assert caught.value.file == str(path)
    assert caught.value.row
    assert caught.value.field == field
    assert says in caught.value.message
    assert caught.value.next


def test_an_unknown_key_is_answered_with_the_allowed_names(tmp_path: Path) -> None:
    write(tmp_path, "您好", extra="colour: red\n")
    with pytest.raises(InputError) as caught:
        load_templates(tmp_path)
    assert "product_codes" in caught.value.next


def test_a_slot_error_points_at_the_line_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "第一行\n  {{ customer.phone }}")
    with pytest.raises(InputError) as caught:
        load_templates(tmp_path)
    line = path.read_text("utf-8").splitlines()[(caught.value.row or 0) - 1]
    assert "customer.phone" in line


def test_a_message_channel_cannot_carry_a_pitch(tmp_path: Path) -> None:
    path = write(tmp_path, "您好")
    path.write_text(path.read_text("utf-8").replace("kind: message", "kind: pitch"), "utf-8")
    with pytest.raises(InputError, match="wecom"):
        load_templates(tmp_path)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes("标题: 存款".encode("gb18030"))
    with pytest.raises(InputError, match="UTF-8"):
        load_templates(tmp_path)


def test_a_yaml_fault_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("id: a\ntext: [未关闭\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_templates(tmp_path)
    assert caught.value.row


def test_two_scripts_cannot_share_an_id(tmp_path: Path) -> None:
    move = "- {id: opening-any, move: opening, situation: 迎, text: 您好。, valid_from: 2026-10-15}"
    (tmp_path / "a.yaml").write_text(move, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(move, encoding="utf-8")
    with pytest.raises(InputError, match="opening-any"):
        load_scripts(tmp_path)


def test_an_unknown_move_is_answered_with_the_allowed_ones(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "- {id: x, move: dance, situation: 开场, text: 您好。, valid_from: 2026-10-15}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_scripts(tmp_path)
    assert "opening" in caught.value.next
    assert caught.value.field == "0.move"
