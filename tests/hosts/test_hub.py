"""Names of models that are not here: what is said of them, before anybody waits for long."""

from pathlib import Path
from unittest import mock

import pytest

from oneshot.errors import HostError
from oneshot.hosts import hub
from oneshot.hosts.hub import only_kept
from oneshot.hosts.load import load_host


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


@pytest.mark.parametrize("name", ["./no/such/folder", "no such", "a/b/c"])
def test_what_can_be_nothing_on_the_hub_is_not_looked_for(name: str) -> None:
    with (
        mock.patch.object(hub, "_status", side_effect=AssertionError("the hub was asked")),
        pytest.raises(HostError, match=r"no model is known as .*smollm2"),
    ):
        load_host(name)


@pytest.mark.parametrize("status", [None, 401, 404])
def test_a_misspelled_name_is_put_right(status: int | None) -> None:
    with (
        mock.patch.object(hub, "_status", return_value=status),
        pytest.raises(HostError, match="did you mean smollm2"),
    ):
        only_kept("smolm2")


def test_the_oldest_names_have_no_owner() -> None:
    with mock.patch.object(hub, "_status", return_value=hub.FOUND) as asked:
        assert not only_kept("gpt2")
    asked.assert_called_once_with("gpt2")


def test_without_a_network_nobody_waits_for_what_is_not_kept() -> None:
    head = mock.Mock(side_effect=OSError)
    with (
        mock.patch("huggingface_hub.get_session", return_value=mock.Mock(head=head)),
        pytest.raises(HostError, match="cannot be reached"),
    ):
        only_kept("owner/model")
    assert head.call_args.kwargs["timeout"] <= hub.WAIT


@pytest.mark.parametrize("status", [None, 200, 404])
def test_without_a_network_what_is_kept_is_taken(status: int | None) -> None:
    with (
        mock.patch.object(hub, "_is_kept", return_value=True),
        mock.patch.object(hub, "_status", return_value=status),
    ):
        assert only_kept("owner/model") is (status is None)


def test_a_folder_is_no_name(tmp_path: Path) -> None:
    with mock.patch.object(hub, "_is_kept", side_effect=AssertionError("the hub was asked")):
        assert not only_kept(str(tmp_path))
