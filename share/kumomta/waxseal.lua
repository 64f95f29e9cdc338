-- Waxseal for KumoMTA: decisions from the HTTP interface of `waxseal serve`. See docs/other-mail-servers.md.
--
--   local waxseal = require 'waxseal'
--   kumo.on('get_queue_config', waxseal.get_queue_config)
--   kumo.on('get_egress_pool', waxseal.get_egress_pool)
--   kumo.on('get_egress_source', waxseal.get_egress_source)
--   kumo.on('get_egress_path_config', waxseal.get_egress_path_config)
--   kumo.on('waxseal.hold', waxseal.hold)

local kumo = require 'kumo'

local mod = {
  -- Where the decisions are: GET answers { level = 'dane-only', summary = ..., answers = { QUERY = 'OK ...' } }
  url = 'http://127.0.0.1:8462/v1/destinations/',
  -- Token of `http-token-file`, where one is set.
  token = nil,
  -- Address to send from, as in make_egress_source; none means that of the system.
  source_address = nil,
}

-- KumoMTA keeps connections apart by where they come from and go to, not by the domains whose mail they carry. So that no
-- domain's mail goes over a connection that was made for less, each kind of protection has a source of its own.
local paths = {
  -- DANE at every host, or the mail waits: TLSA records are looked up by KumoMTA itself.
  ['waxseal-dane-only'] = { enable_tls = 'Required', enable_dane = true, enable_mta_sts = false },
  -- DANE at some hosts; TLS with whoever it is at the others.
  ['waxseal-dane'] = { enable_tls = 'OpportunisticInsecure', enable_dane = true, enable_mta_sts = false },
  -- MTA-STS: the hosts are named, and each must show a certificate for its name.
  ['waxseal-secure'] = { enable_tls = 'Required', enable_dane = false, enable_mta_sts = false },
  ['waxseal-encrypt'] = { enable_tls = 'RequiredInsecure', enable_dane = false, enable_mta_sts = false },
  ['waxseal-none'] = { enable_tls = 'OpportunisticInsecure', enable_dane = false, enable_mta_sts = false },
}

function mod.get_egress_pool(pool_name)
  if paths[pool_name] then
    return kumo.make_egress_pool { name = pool_name, entries = { { name = pool_name } } }
  end
  return nil
end

function mod.get_egress_source(source_name)
  if paths[source_name] then
    return kumo.make_egress_source { name = source_name, source_address = mod.source_address }
  end
  return nil
end

local client

-- Names have no octets but these: others are not asked about.
local function is_domain(domain)
  return string.match(domain, '^[%w%.%-_]+$') ~= nil
end

-- The decision about a domain, or nil and why there is none.
local function decision_of(domain)
  if not is_domain(domain) then
    return nil, 'it is no domain name'
  end
  client = client or kumo.http.build_client { timeout = '45 seconds' }
  local request = client:get(mod.url .. domain)
  if mod.token then
    request:bearer_auth(mod.token)
  end
  local ok, response = pcall(function()
    return request:send()
  end)
  if not ok then
    return nil, 'the policy service does not answer'
  end
  if response:status_code() ~= 200 then
    return nil, 'the policy service answers ' .. response:status_code()
  end
  local parsed, decision = pcall(kumo.serde.json_parse, response:text())
  if not parsed or type(decision) ~= 'table' or type(decision.level) ~= 'string' then
    return nil, 'the policy service answers what is no decision'
  end
  return decision
end

-- The names of `secure match=a:b`: MX hosts that there are now, of those that the policy lists.
local function names_of(answer)
  local names = {}
  local list = string.match(answer or '', 'match=(%S+)')
  for name in string.gmatch(list or '', '[^:]+') do
    table.insert(names, name)
  end
  return names
end

local function hold()
  return kumo.make_queue_config { protocol = { custom_lua = { constructor = 'waxseal.hold' } }, egress_pool = 'waxseal-none' }
end

function mod.get_queue_config(domain, tenant, campaign, routing_domain)
  local decision = decision_of(routing_domain or domain)
  if not decision then
    return hold()
  end
  local level = decision.level
  if level == 'NOTFOUND' or level == 'may' then
    return kumo.make_queue_config { egress_pool = 'waxseal-none' }
  end
  if level == 'secure' then
    local names = names_of(decision.answers and decision.answers.QUERY)
    if #names == 0 then
      return hold()
    end
    return kumo.make_queue_config { egress_pool = 'waxseal-secure', protocol = { smtp = { mx_list = names } } }
  end
  if level == 'dane-only' or level == 'dane' or level == 'encrypt' then
    return kumo.make_queue_config { egress_pool = 'waxseal-' .. level }
  end
  -- TEMP, and whatever this file does not know.
  return hold()
end

function mod.get_egress_path_config(routing_domain, egress_source, site_name)
  local path = paths[egress_source]
  if path then
    return kumo.make_egress_path(path)
  end
  return nil
end

-- A queue whose mail waits: each attempt is told to come back.
function mod.hold(domain)
  local connection = {}
  function connection:send(message)
    local _, why = decision_of(domain)
    kumo.reject(451, '4.7.5 ' .. (why or 'the policy of the destination cannot be met now'))
  end
  return connection
end

return mod
