"""One decision per user and release in progress: made at the edge, carried in ``baggage``, honoured on every hop.

Applications propagate the header (https://www.w3.org/TR/baggage/) with their trace context. The releases, and how they split
users, are metadata of the routes, so one rename changes them everywhere at once.
"""

from __future__ import annotations

from ..model.effective import EffectiveApplication
from ..model.instance import Version
from ..model.release import Split
from .envoy import Config, extension

BAGGAGE = "baggage"
SHARES = 10_000
_FILTER = "envoy.filters.http.lua"
_SCRIPT = r"""
local COOKIE, MEMBER = "evenkeel", "evenkeel%."
local MODULUS, FACTOR, SHARES = 2147483647, 48271, 10000

local function cookie(headers, name)
  local all = headers:get("cookie")
  return all and ("; " .. all):match(";%s*" .. name:gsub("%W", "%%%0") .. "=([^;]*)")
end

-- A user's place in a release, from 0 to 9999: it stays, so a weight that rises only ever moves users forward.
local function place(key, release)
  local hash = 1
  for index = 1, #key + #release + 1 do
    hash = (hash * FACTOR + (release .. ":" .. key):byte(index)) % MODULUS
  end
  return (hash * FACTOR) % MODULUS % SHARES
end

local function belongs(headers, audience)
  local value
  if audience.where == "cookie" then
    value = cookie(headers, audience.name)
  else
    value = headers:get(audience.name)
  end
  for _, member in ipairs(audience.values) do
    if value == member then
      return true
    end
  end
  return false
end

local function version(headers, release, key)
  for _, audience in ipairs(release.audiences) do
    if belongs(headers, audience) then
      return "candidate"
    end
  end
  return place(key, release.name) < release.shares and "candidate" or "stable"
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local members = {}
  -- What comes from outside decides nothing.
  for member in (headers:get("baggage") or ""):gmatch("[^,]+") do
    if not member:match("^%s*" .. MEMBER) then
      table.insert(members, member)
    end
  end
  local releases = handle:metadata():get("releases")
  if releases then
    local key = cookie(headers, COOKIE)
    if not key or key == "" then
      key = headers:get("x-request-id") or tostring(handle:timestamp())
      handle:streamInfo():dynamicMetadata():set("evenkeel", "key", key)
    end
    for _, release in ipairs(releases) do
      table.insert(members, "evenkeel." .. release.name .. "=" .. version(headers, release, key))
    end
  end
  if #members > 0 then
    headers:replace("baggage", table.concat(members, ","))
  elseif headers:get("baggage") then
    headers:remove("baggage")
  end
end

function envoy_on_response(handle)
  local metadata = handle:streamInfo():dynamicMetadata():get("evenkeel")
  if metadata and metadata.key then
    handle:headers():add("set-cookie", COOKIE .. "=" .. metadata.key .. "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
  end
end
"""


def decision_filter() -> Config:
    """Return the filter that makes the decision."""
    return extension(_FILTER, "filters.http.lua.v3.Lua", default_source_code={"inline_string": _SCRIPT})


def decision_bypass(application: EffectiveApplication) -> Config:
    """Return what disables the filter for all routes if no release is in progress, so that it costs nothing then."""
    if application.splits:
        return {}
    return {"typed_per_filter_config": {_FILTER: extension("", "filters.http.lua.v3.LuaPerRoute", disabled=True)["typed_config"]}}


def decision_metadata(application: EffectiveApplication) -> Config:
    """Return the metadata of a route that tells the filter how to decide; empty if no release is in progress."""
    releases = [
        {"name": split.release, "shares": candidate_shares(split), "audiences": [vars(audience) for audience in split.audiences]}
        for split in application.splits
    ]
    return {"metadata": {"filter_metadata": {_FILTER: {"releases": releases}}}} if releases else {}


def candidate_shares(split: Split) -> int:
    """Return how many of ``SHARES`` users get the candidates of the release."""
    return round(split.weight * SHARES / 100)


def baggage_member(release: str, version: Version) -> str:
    """Return the member of ``baggage`` that says that a user has ``version`` in ``release``."""
    return f"evenkeel.{release}={version}"


def decision_match(release: str, version: Version) -> Config:
    """Return the header match for requests of users who have ``version`` in ``release``."""
    return {"name": BAGGAGE, "string_match": {"contains": baggage_member(release, version)}}
