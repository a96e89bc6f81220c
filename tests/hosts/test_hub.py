"""The real huggingface_hub, in its process, against the Hub double."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from urllib.request import urlopen

import pytest
from pydantic import SecretStr

from rw_hooks.errors import ArtifactChangedError, MissingError, RefusedError, UnreachableError
from rw_hooks.hosts import Host, HostConfig, HostedFile, Location, default_hub_url, open_host, preflight
from rw_hooks.hosts.hub.api import HubApi
from rw_hooks.hosts.hub.errors import refusal
from rw_hooks.support.deadline import Deadline
from tests.doubles.faults import Fault
from tests.doubles.hub import HubDouble
from tests.hosts.conftest import MakeFile


@pytest.fixture
def host(config: HostConfig) -> Host:
    return open_host("hf://ada/maya", config)


def quiet(done: int, total: int) -> None:
    """Take progress and say nothing."""


def put(hub: HubDouble, file: HostedFile, repo: str = "ada/maya") -> None:
    """Have the file lie in the repository already."""
    assert file.path is not None
    hub.put(repo, file.name, file.path.read_bytes())


def located(host: Host, file: HostedFile) -> Location:
    location = host.find(file)
    assert location is not None
    return location


def test_a_new_repository_is_private_and_the_file_comes_in_one_commit(
    host: Host, hub: HubDouble, make_file: MakeFile, deadline: Deadline
) -> None:
    hub.part_size = 500_000
    file = make_file(size=1_700_000)
    steps: list[tuple[int, int]] = []
    location = host.upload(file, lambda done, total: steps.append((done, total)), deadline)

    head = hub.repos["ada/maya"].head
    assert hub.repos["ada/maya"].private
    assert (location.access, location.revision) == ("signed", head)
    assert location.url == f"{hub.url}/ada/maya/resolve/{head}/maya.safetensors"
    assert hub.counts == {"creations": 1, "uploads": 1, "bytes": file.size, "commits": 1}
    assert hub.calls("lfs-put") == 4
    assert hashlib.sha256(hub.objects[file.sha256]).hexdigest() == file.sha256
    assert steps[-1] == (file.size, file.size)
    assert all(0 < done <= total == file.size for done, total in steps)


def test_public_is_said_in_the_url(config: HostConfig, hub: HubDouble, file: HostedFile, deadline: Deadline) -> None:
    host = open_host("hf://lab/maya/loras?public=1", config)
    location = host.upload(file, quiet, deadline)

    assert not hub.repos["lab/maya"].private
    assert location.access == "public"
    assert location.url.endswith("/loras/maya.safetensors")
    seen = preflight(
        host.mint(location, deadline), file, verify="auto", allow_private_addresses=True, deadline=deadline
    )
    assert seen.method == "linked-etag"


def test_a_file_that_lies_there_is_not_sent_again(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    put(hub, file)
    before = hub.repos["ada/maya"].head

    assert located(host, file) == host.upload(file, quiet, deadline)
    assert located(host, file).revision == before
    assert (hub.counts["commits"], hub.calls("commit"), hub.calls("preupload")) == (0, 0, 0)


def test_other_bytes_replace_those_under_the_name_and_the_old_url_keeps_the_old_bytes(
    host: Host, hub: HubDouble, make_file: MakeFile, deadline: Deadline
) -> None:
    put(hub, old_file := make_file(size=1000))
    old = located(host, old_file)
    new_file = make_file(size=1001)
    assert host.find(new_file) is None
    new = host.upload(new_file, quiet, deadline)

    assert len(urlopen(host.mint(old, Deadline.after(9)).get_secret_value()).read()) == 1000
    assert len(urlopen(host.mint(new, Deadline.after(9)).get_secret_value()).read()) == 1001


def test_a_private_file_is_served_to_a_stranger_by_its_signed_url(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    put(hub, file)
    url = host.mint(located(host, file), Deadline.after(9))

    assert url.get_secret_value().startswith(hub.cdn_url + "/")
    seen = preflight(url, file, verify="auto", allow_private_addresses=True, deadline=deadline)
    assert (seen.method, seen.size) == ("ranges", file.size)
    assert "Signature" not in seen.url
    assert not [request for request in hub.seen if request.origin == "cdn" and request.token]


def test_a_signed_url_that_expired_is_refused_and_a_new_one_works(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    put(hub, file)
    hub.signed_seconds = -1.0
    expired = host.mint(located(host, file), Deadline.after(9))
    with pytest.raises(RefusedError) as refused:
        preflight(expired, file, verify="auto", allow_private_addresses=True, deadline=deadline)
    assert refused.value.code == "url_not_public"

    hub.signed_seconds = 60.0
    fresh = host.mint(located(host, file), Deadline.after(9))
    assert preflight(fresh, file, verify="full", allow_private_addresses=True, deadline=deadline).method == "full"


@pytest.mark.parametrize("act", ["check", "find", "upload"])
def test_a_public_repository_is_refused_unless_it_is_asked_for(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline, act: str
) -> None:
    hub.add_repo("ada/maya", private=False)
    acts: dict[str, Callable[[], object]] = {
        "check": host.check,
        "find": lambda: host.find(file),
        "upload": lambda: host.upload(file, quiet, deadline),
    }
    with pytest.raises(RefusedError, match="not made public unasked") as refused:
        acts[act]()

    assert "?public=1" in refused.value.hint
    assert hub.calls("preupload") == 0


def test_a_private_repository_stays_private_when_public_is_asked_for(
    config: HostConfig, hub: HubDouble, file: HostedFile
) -> None:
    put(hub, file)
    location = located(open_host("hf://ada/maya?public=1", config), file)

    assert hub.repos["ada/maya"].private
    assert location.access == "signed"
    assert "private" in location.note


def test_a_commit_whose_answer_was_lost_is_found_and_not_made_again(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    hub.lose("commit")
    location = host.upload(file, quiet, deadline)

    assert (hub.counts["commits"], hub.calls("commit")) == (1, 1)
    assert location.revision == hub.repos["ada/maya"].head


def test_passing_trouble_and_lost_answers_are_survived_without_a_second_effect(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    hub.fail("info", 502)
    hub.lose("create")
    hub.fail("paths-info", 429, retry_after="0")
    hub.lose("paths-info")
    hub.fail("lfs-put", 403)  # a signed upload URL that has expired
    hub.fail("commit", 503)
    host.upload(file, quiet, deadline)

    assert (hub.counts["commits"], hub.counts["creations"], hub.counts["uploads"]) == (1, 1, 1)


def test_a_commit_that_lost_the_race_is_made_on_the_new_head(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    hub.fail("commit", 412, message="A commit has happened since")
    host.upload(file, quiet, deadline)

    assert (hub.counts["commits"], hub.calls("lfs-put")) == (1, 1)


@pytest.mark.slow
def test_many_saves_to_one_repository_at_once_are_all_committed(
    config: HostConfig, hub: HubDouble, make_file: MakeFile
) -> None:
    hub.add_repo("ada/maya")
    files = [make_file(f"maya-{number}.safetensors", size=5_000) for number in range(8)]
    together, deadline = Barrier(len(files)), Deadline.after(240.0)

    def upload(file: HostedFile) -> Location:
        host = open_host("hf://ada/maya", config)
        together.wait()
        return host.upload(file, quiet, deadline)

    with ThreadPoolExecutor(len(files)) as pool:
        locations = list(pool.map(upload, files))
    assert len({location.revision for location in locations}) == hub.counts["commits"] == len(files)
    assert hub.calls("lfs-put") == len(files)


def test_a_conflict_until_the_deadline_is_pending_and_not_failed() -> None:
    assert isinstance(refusal(412, "", what="ada/maya", token=SecretStr("t")), UnreachableError)


def test_an_upload_that_hangs_in_xet_goes_on_without_xet(
    config: HostConfig, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    hub.xet_cas = hub.url + "/nobody-answers-here"
    hub.hang("unknown", times=100)
    open_host("hf://ada/maya", dataclasses.replace(config, stall_seconds=3.0)).upload(file, quiet, deadline)

    assert hub.calls("unknown") >= 1
    assert (hub.counts["commits"], hub.calls("lfs-put")) == (1, 1)


def test_a_deadline_ends_a_stuck_upload(config: HostConfig, hub: HubDouble, file: HostedFile) -> None:
    hub.hang("commit", times=10)
    host = open_host("hf://ada/maya", config)
    with pytest.raises(UnreachableError) as stuck:
        host.upload(file, quiet, Deadline.after(2.5))

    assert "rw-hooks resume" in stuck.value.hint


@pytest.mark.parametrize(
    ("endpoint", "status", "code"),
    [
        ("info", 401, "hub_token_refused"),
        ("create", 402, "hub_no_room"),
        ("create", 403, "hub_forbidden"),
        ("preupload", 404, "hub_not_found"),
        ("lfs-batch", 413, "hub_too_large"),
        ("commit", 422, "hub_refused"),
    ],
)
def test_a_refusal_ends_at_once_and_names_the_mend(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline, endpoint: str, status: int, code: str
) -> None:
    hub.fail(endpoint, status, times=9, message=f"no, {hub.token} may not")
    with pytest.raises(RefusedError) as refused:
        host.upload(file, quiet, deadline)

    assert refused.value.code == code
    assert "--host" in refused.value.hint or "HF_TOKEN" in refused.value.hint
    assert hub.token not in str(refused.value.as_json())
    assert hub.calls(endpoint) == 1


def test_a_renamed_repository_is_refused_by_its_new_name(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    hub.faults.add("info", Fault("status", 307, {"Location": "/api/models/ada/maya-2/revision/main"}))
    with pytest.raises(RefusedError) as refused:
        host.upload(file, quiet, deadline)

    assert refused.value.code == "hub_renamed"
    assert "hf://ada/maya-2" in refused.value.hint


def test_a_full_account_is_told_from_a_wrong_token(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    hub.fail("create", 403, message="Private repository storage limit reached")
    with pytest.raises(RefusedError) as refused:
        host.upload(file, quiet, deadline)

    assert refused.value.code == "hub_no_room"


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(hub: HubDouble) -> None:
    hub.fail("whoami", 429, retry_after="3600")
    with pytest.raises(UnreachableError):
        HubApi(hub.url, SecretStr(hub.token)).account(Deadline.after(1.0))

    assert hub.calls("whoami") == 1


def test_an_answer_that_is_not_the_hubs_is_told(hub: HubDouble) -> None:
    hub.fail("whoami", 200, message="Please log in to the hotel's network")
    with pytest.raises(UnreachableError, match="not the Hub's"):
        HubApi(hub.url, SecretStr(hub.token)).account(Deadline.after(1.0))


def test_wrong_bytes_are_not_committed(host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline) -> None:
    with pytest.raises(RefusedError, match="checksum"):
        host.upload(file.model_copy(update={"sha256": "0" * 64}), quiet, deadline)

    assert hub.counts["commits"] == 0


@pytest.mark.parametrize("change", ["shorter", "gone"])
def test_a_changed_file_is_not_uploaded(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline, change: str
) -> None:
    assert file.path is not None
    if change == "gone":
        file.path.unlink()
    else:
        file.path.write_bytes(b"short")
    with pytest.raises(ArtifactChangedError):
        host.upload(file, quiet, deadline)

    assert hub.calls("preupload") == 0


def test_a_file_that_the_repository_ignores_is_told_of(
    host: Host, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    hub.ignored.add(file.name)
    with pytest.raises(RefusedError) as refused:
        host.upload(file, quiet, deadline)

    assert refused.value.code == "hub_file_left_out"


def test_a_small_file_in_git_itself_is_found_by_its_git_name(
    config: HostConfig, hub: HubDouble, make_file: MakeFile, deadline: Deadline
) -> None:
    hub.regular.add("tiny.safetensors")
    file = make_file("tiny.safetensors", size=900)
    host = open_host("hf://ada/maya?public=1", config)
    location = host.upload(file, quiet, deadline)

    assert host.find(file) == location
    assert hub.calls("lfs-put") == 0
    seen = preflight(
        host.mint(location, deadline), file, verify="auto", allow_private_addresses=True, deadline=deadline
    )
    assert seen.method == "full"


def test_a_small_file_in_git_itself_has_no_signed_url(host: Host, hub: HubDouble, make_file: MakeFile) -> None:
    hub.regular.add("tiny.safetensors")
    put(hub, file := make_file("tiny.safetensors", size=900))
    with pytest.raises(RefusedError, match="no temporary address"):
        host.mint(located(host, file), Deadline.after(9))


def test_a_location_of_another_hub_is_not_asked_with_the_token(host: Host, hub: HubDouble, file: HostedFile) -> None:
    put(hub, file)
    location = located(host, file)
    elsewhere = location.model_copy(update={"url": location.url.replace("127.0.0.1", "localhost")})
    with pytest.raises(RefusedError, match="does not belong"):
        host.mint(elsewhere, Deadline.after(9))

    assert hub.calls("resolve") == 0


def test_a_file_is_deleted_once_though_answers_are_lost_and_others_commit(
    host: Host, config: HostConfig, hub: HubDouble, file: HostedFile, deadline: Deadline
) -> None:
    put(hub, file)
    hub.fail("commit", 412, message="A commit has happened since")
    hub.lose("commit")
    open_host("hf://ada/maya", config).delete(located(host, file), deadline)

    assert host.find(file) is None
    assert hub.counts["commits"] == 1


def test_other_bytes_that_have_the_name_now_are_not_deleted(
    host: Host, hub: HubDouble, make_file: MakeFile, config: HostConfig, deadline: Deadline
) -> None:
    put(hub, old := make_file(size=1000))
    location = located(host, old)
    put(hub, new := make_file(size=1001))
    open_host("hf://ada/maya", config).delete(location, deadline)

    assert located(host, new)
    assert hub.counts["commits"] == 0


def test_a_file_of_another_repository_is_not_deleted(config: HostConfig, hub: HubDouble, file: HostedFile) -> None:
    put(hub, file, "ada/other")
    location = located(open_host("hf://ada/other", config), file)
    with pytest.raises(RefusedError) as refused:
        open_host("hf://ada/maya", config).delete(location, Deadline.after(9))

    assert refused.value.code == "not_ours"


def test_check_finds_a_token_that_may_only_read(host: Host, hub: HubDouble) -> None:
    hub.role = "read"
    with pytest.raises(RefusedError, match="may only read"):
        host.check()


def test_check_finds_a_foreign_owner(config: HostConfig) -> None:
    with pytest.raises(RefusedError, match="cannot create it for bob"):
        open_host("hf://bob/maya", config).check()


def test_check_leaves_no_trace(host: Host, hub: HubDouble) -> None:
    host.check()
    assert {seen.method for seen in hub.seen} == {"GET"}


def test_the_default_host_is_the_users_own_repository(config: HostConfig) -> None:
    assert default_hub_url(config, "Maya: a löra / v1..2") == "hf://ada/Maya-a-l-ra-v1.2"
    assert default_hub_url(config, "...") == "hf://ada/model"


def test_without_a_token_the_error_names_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as missing:
        default_hub_url(HostConfig(tmp_path), "maya")

    assert "HF_TOKEN" in missing.value.hint
    assert "--host" in missing.value.hint
