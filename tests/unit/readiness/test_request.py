# Copyright (c) 2026 The eeszt.connect maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe is asked, from a host's variables."""

from __future__ import annotations

import pytest

from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.documents import ContractError
from ansible_collections.eeszt.connect.plugins.plugin_utils.contract.policy import load_policy
from ansible_collections.eeszt.connect.plugins.plugin_utils.readiness.request import (
    Subject,
    build_request,
    complete_request,
)

POLICY = load_policy("production")
BUDA, PEST = {"id": "E99901A"}, {"id": "P099002"}
CENTRE = {"name": "centre", "host": "centre.example", "port": 4443}


def request_for(**variables):
    return build_request(Subject(**variables), POLICY)


def shown(request):
    return [(each["institution"], each["source"]) for each in request["client_certificates"]]


def test_ports_and_limits_come_from_the_policy():
    request = request_for()
    assert request["ports"] == [443, 4443, 5443]
    assert request["limits"]["section"] == 30


def test_an_endpoint_is_tried_with_the_certificate_of_each_institution():
    request = request_for(institutions=[BUDA, PEST], endpoints=[CENTRE])
    assert [each["institution"] for each in request["endpoints"]] == ["E99901A", "P099002"]


def test_an_endpoint_of_one_institution_is_tried_with_that_one_only():
    request = request_for(institutions=[BUDA, PEST], endpoints=[{**CENTRE, "institution": "P099002"}])
    assert [each["institution"] for each in request["endpoints"]] == ["P099002"]


def test_an_endpoint_of_an_institution_that_does_not_work_here_is_left_out():
    assert request_for(institutions=[BUDA], endpoints=[{**CENTRE, "institution": "P099002"}])["endpoints"] == []


def test_without_institutions_an_endpoint_is_tried_without_a_certificate():
    assert [each["institution"] for each in request_for(endpoints=[CENTRE])["endpoints"]] == [None]


def test_pem_files_on_the_host_are_shown_before_what_the_controller_holds():
    target = {"institution": "E99901A", "type": "pem_files", "certificate": "/c", "key": "/k", "chain": None}
    request = request_for(
        institutions=[BUDA, PEST], certificate_targets=[target], held_certificates=frozenset({"E99901A", "P099002"})
    )
    assert shown(request) == [("E99901A", "files"), ("P099002", "memory")]


def test_nothing_is_shown_where_there_is_nothing():
    assert shown(request_for(institutions=[BUDA])) == []


def test_an_institution_without_an_id_is_named():
    with pytest.raises(ContractError, match=r"eeszt_institutions\.1: has no id"):
        request_for(institutions=[BUDA, {"name": "Minta"}])


def test_a_wrong_endpoint_is_named_with_its_place():
    with pytest.raises(ContractError, match=r"endpoints\.0\.port.*70000"):
        request_for(endpoints=[{**CENTRE, "port": 70000}])


def test_a_misspelt_key_of_an_endpoint_is_refused():
    with pytest.raises(ContractError, match="adress"):
        request_for(endpoints=[{**CENTRE, "adress": "x"}])


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ({"host": "proxy", "port": 3128, "password": "SECRET"}, r"proxy: .*'password' was unexpected"),
        ({"host": "proxy", "port": "3128"}, r"proxy\.port: '3128' is not of type"),
        ({"host": {"password": "SECRET"}, "port": 3128}, r"proxy\.host: must be of type string"),
    ],
)
def test_a_wrong_record_is_told_by_what_is_wrong_and_never_shown(proxy, said):
    with pytest.raises(ContractError, match=said) as caught:
        request_for(proxy=proxy)
    assert "SECRET" not in str(caught.value)


def test_a_part_of_a_request_is_completed():
    request = complete_request({"observe": ["firewall"], "ports": [25]}, POLICY)
    assert (request["observe"], request["ports"], request["endpoints"]) == (["firewall"], [25], [])


def test_a_section_nobody_knows_is_refused():
    with pytest.raises(ContractError, match="observe"):
        complete_request({"observe": ["weather"]}, POLICY)


PROXY = {"host": "proxy.example", "port": 3128}


@pytest.mark.parametrize(
    ("exceptions", "ports"),
    [
        ([], [3128]),
        (["elsewhere.example"], [3128]),
        (["centre.example"], [4443, 3128]),
        (["*"], [4443, 3128]),
    ],
)
def test_behind_a_proxy_its_port_is_looked_at_in_the_place_of_the_centres(exceptions, ports):
    proxy = {**PROXY, "exceptions": exceptions}
    assert request_for(institutions=[BUDA], endpoints=[CENTRE], proxy=proxy)["ports"] == ports


def test_a_proxy_without_a_port_is_refused():
    with pytest.raises(ContractError, match="proxy"):
        request_for(institutions=[BUDA], endpoints=[CENTRE], proxy={"host": "proxy.example"})


def test_a_proxys_account_has_no_place_in_a_request():
    with pytest.raises(ContractError, match="proxy"):
        request_for(proxy={**PROXY, "password": "hush"})
