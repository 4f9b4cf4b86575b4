"""Every fault of a configuration, one row each: (the file, the line it is said in). Read by test_file.py."""
# ruff: noqa: E501 - a row is read as a row

from __future__ import annotations

DEVICE = """
[[devices]]
name = "ahu-1"
protocol = "modbus"
address = "10.0.0.1"
"""
POINT = """
[[devices.points]]
id = "t1"
kind = "input"
"""
GOOD = DEVICE + POINT + "register = 100\n"
T3 = DEVICE + 'profile = "t3-controller"\n'
BACNET = """
[[devices]]
name = "chiller"
protocol = "bacnet"
address = "50:7"
instance = 7
"""
T3000 = """
[[devices]]
name = "plant"
protocol = "t3000"
address = "http://10.0.0.9"
"""

CASES: dict[str, tuple[str, str]] = {
    "an unknown key names the nearest": (
        '[gateway]\nnmae = "x"\n' + T3,
        't3.toml: gateway.nmae: unknown key, did you mean "name"?; allowed: name, data_dir, time_zone, auto_start',
    ),
    "an unknown section": ("[uplink]\n" + T3, "t3.toml: uplink: unknown key; allowed: include, gateway, defaults, store, api, log, bacnet, devices"),
    "a wrong type": ('[store]\nbatch_rows = "many"\n' + T3, 't3.toml: store.batch_rows: saw "many"; allowed: a whole number from 1 to 200000'),
    "true is no number": ("[store]\nbatch_rows = true\n" + T3, "t3.toml: store.batch_rows: saw true; allowed: a whole number from 1 to 200000"),
    "a section that is no table": ("store = 5\n" + T3, "t3.toml: store: saw 5; allowed: a table with the keys database, durability"),
    "a duration without unit": ("[defaults]\npoll_interval = 30\n" + T3, 't3.toml: defaults.poll_interval: saw 30; allowed: a duration from "50ms" to "1d"'),
    "a negative duration": ('[defaults]\nmax_interval = "-5s"\n' + T3, 't3.toml: defaults.max_interval: saw "-5s"; allowed: a duration from "0s" to "366d"'),
    "a duration out of bounds": ('[defaults]\npoll_interval = "49ms"\n' + T3, 't3.toml: defaults.poll_interval: saw "49ms"; allowed: a duration from "50ms"'),
    "a bad size": ('[store]\nmin_free = "lots"\n' + T3, 't3.toml: store.min_free: saw "lots"; allowed: a size, such as "500MB"'),
    "a webview without its file": ("[store.webview]\n" + T3, "t3.toml: store.webview.database: missing; needed: a path"),
    "a webview that is no table": ('[store]\nwebview = "w.db"\n' + T3, 't3.toml: store.webview: saw "w.db"; allowed: a table [store.webview]'),
    "an unknown key of the webview": ('[store.webview]\ndatabase = "w.db"\noutbx = "1GB"\n' + T3, 't3.toml: store.webview.outbx: unknown key, did you mean "outbox"?'),
    "an outbox that holds no minute": ('[store.webview]\ndatabase = "w.db"\noutbox = "9.9MB"\n' + T3, 't3.toml: store.webview.outbox: saw "9.9MB"; allowed: a size of at least "10MB"'),
    "an old service's log of a few lines": ('[log]\nt3_web_log_size = "99kB"\n' + T3, 't3.toml: log.t3_web_log_size: saw "99kB"; allowed: a size of at least "100kB", '),
    "a busy time-out that is none": ('[store.webview]\ndatabase = "w.db"\nbusy_timeout = "1ms"\n' + T3, 't3.toml: store.webview.busy_timeout: saw "1ms"; allowed: a duration from "100ms" to "10s"'),
    "a webview that is our own database": ('[store.webview]\ndatabase = "../t3actors/t3actors.db"\n' + T3, 't3.toml: store.webview.database: saw "../t3actors/t3actors.db"; allowed: another place than that of store.database (/var/lib/t3actors/t3actors.db)'),
    "a word not in the list": ('[store]\ndurability = "none"\n' + T3, 't3.toml: store.durability: saw "none"; allowed: "normal" | "full"'),
    "an unknown time zone": ('[gateway]\ntime_zone = "Mars/Base"\n' + T3, 't3.toml: gateway.time_zone: saw "Mars/Base"; allowed: '),
    "a time zone that is a path": ('[gateway]\ntime_zone = "../etc/passwd"\n' + T3, 't3.toml: gateway.time_zone: saw "../etc/passwd"; allowed: '),
    "a home directory": ('[gateway]\ndata_dir = "~/data"\n' + T3, 't3.toml: gateway.data_dir: saw "~/data"; allowed: a path'),
    "stale after down": ("[defaults]\nstale_after = 7\n" + T3, "t3.toml: defaults.stale_after: saw 7; allowed: at most down_after, which is 6"),
    "stale after an inherited down": (T3 + "stale_after = 9\n", 't3.toml: devices[1] "ahu-1": stale_after: saw 9; allowed: at most down_after, which is 6'),
    "a deadband that is no number": ("[defaults]\ndeadband = nan\n" + T3, "t3.toml: defaults.deadband: saw nan; allowed: a number from 0"),
    "a number beyond any": (f"[defaults]\ndeadband = 1{'0' * 400}\n" + T3, "t3.toml: defaults.deadband: saw a whole number of 1329 bits; allowed: a number from 0"),
    "a syntax error has its line": ("[gateway]\nname = \n", "t3.toml: not TOML: Invalid value (at line 2, column 8)"),
    "an API on a name": ('[api]\nlisten = "gateway:8080"\n' + T3, 't3.toml: api.listen: saw "gateway:8080"; allowed: "IP:port" or "localhost:port"'),
    "an API without a port": ('[api]\nlisten = "127.0.0.1"\n' + T3, 't3.toml: api.listen: saw "127.0.0.1"; allowed: "IP:port" or "localhost:port"'),
    "an API that others reach, without a token": ('[api]\nlisten = "0.0.0.0:8080"\n' + T3, 't3.toml: api.token_file: missing; needed: a path, or "credential:NAME"'),
    "a token for nothing": ('[api]\ntoken_file = "t"\n' + T3, "t3.toml: api.token_file: given without listen; allowed: only for a TCP address"),
    "a certificate without its key": ('[api]\nlisten = "127.0.0.1:8443"\ntls_certificate = "c.pem"\n' + T3, "t3.toml: api.tls_key: missing; needed: with tls_certificate"),
    "a credential that is a path": ('[api]\nlisten = "127.0.0.1:8443"\ntoken_file = "credential:../x"\n' + T3, 't3.toml: api.token_file: saw "credential:../x"; allowed: a path'),
    "a host with a port": ('[api]\nlisten = "127.0.0.1:8443"\nhosts = ["gw:80"]\n' + T3, "t3.toml: api.hosts: saw an array of 1; allowed: an array of host names without a port"),
    "no requests at all": ("[api]\nrate = 0\n" + T3, "t3.toml: api.rate: saw 0; allowed: a number from 1 to 10000"),
    "a device without a name": ('[[devices]]\nprotocol = "modbus"\naddress = "x"\nprofile = "t3-controller"\n', "t3.toml: devices[1].name: missing; needed: 1 to 64 of A-Z a-z 0-9 . _ -"),
    "a device name with a slash": (T3.replace("ahu-1", "a/b"), 't3.toml: devices[1] "a/b": name: saw "a/b"; allowed: 1 to 64 of A-Z'),
    "devices that are no tables": ("devices = 3\n", "t3.toml: devices: saw 3; allowed: [[devices]] tables"),
    "a device that is no table": ("devices = [3]\n", "t3.toml: devices[1]: saw 3; allowed: a table with the keys name"),
    "a T3000 key of a Modbus device": (T3 + 'method = "memory"\n', 't3.toml: devices[1] "ahu-1": method: given with protocol "modbus"; allowed: only with "t3000"'),
    "a T3000 key of a BACnet device": (BACNET + 'panel_pause = "1s"\n', 't3.toml: devices[1] "chiller": panel_pause: given with protocol "bacnet"; allowed: only with "t3000"'),
    "a Modbus key of a T3000": (T3000 + "unit_id = 1\n", 't3.toml: devices[1] "plant": unit_id: given with protocol "t3000"; allowed: not there (T3000 lists its panels and their points itself)'),
    "a T3000 that is no URL": (T3000.replace("http://10.0.0.9", "10.0.0.9"), 't3.toml: devices[1] "plant": address: saw "10.0.0.9"; allowed: "http://host:9103" or "ffi:/absolute/path/to/the/library"'),
    "a T3000 with a path": (T3000.replace("10.0.0.9", "10.0.0.9/api"), 't3.toml: devices[1] "plant": address: saw "http://10.0.0.9/api"; allowed: "http://host:9103" or'),
    "a library without an absolute path": (T3000.replace("http://10.0.0.9", "ffi:t3000.so"), 't3.toml: devices[1] "plant": address: saw "ffi:t3000.so"; allowed: "http://host:9103" or'),
    "a buffer that holds nothing": (T3000 + 'buffer = "1kB"\n', 't3.toml: devices[1] "plant": buffer: saw "1kB"; allowed: a size from "64kB" to "1GB"'),
    "memory over HTTP": (T3000 + 'method = "memory"\n', 't3.toml: devices[1] "plant": method: saw "memory"; allowed: over HTTP one of "auto", "logging_data", "webview_list": memory is read only through a library'),
    "a serial number that a T3000 says itself": (T3000 + "serial_number = 5\n", 't3.toml: devices[1] "plant": serial_number: given without method = "memory"; allowed: only with it'),
    "a serial number to leave out that is none": (T3000 + "leave_out = [0]\n", 't3.toml: devices[1] "plant": leave_out: saw an array of 1; allowed: an array of serial numbers, each from 1 to 4294967295'),
    "two devices of one T3000": (T3000 + T3000.replace('"plant"', '"b"').replace("10.0.0.9", "10.0.0.9:9103/"), 't3.toml: devices[2] "b": address: saw "http://10.0.0.9:9103"; allowed: one device for each T3000; "plant" has it'),
    "a BACnet device without an instance": (BACNET.replace("instance = 7\n", ""), 't3.toml: devices[1] "chiller": instance: missing; needed: a whole number from 0 to 4194302'),
    "an instance that stands for any": (BACNET.replace("= 7", "= 4194303"), 't3.toml: devices[1] "chiller": instance: saw 4194303; allowed: a whole number from 0 to 4194302'),
    "a name for a BACnet address": (BACNET.replace("50:7", "chiller.local"), 't3.toml: devices[1] "chiller": address: saw "chiller.local"; allowed: "IP" or "IP:port" of the device, or behind a router "network:station"'),
    "a station that is none": (BACNET.replace("50:7", "50:256"), 't3.toml: devices[1] "chiller": address: saw "50:256"; allowed: "IP" or "IP:port"'),
    "a scale that is none": (BACNET + "scale = 10\n", 't3.toml: devices[1] "chiller": scale: saw 10; allowed: "auto", 1 or 1000'),
    "a Modbus key of a BACnet device": (BACNET + "unit_id = 1\n", 't3.toml: devices[1] "chiller": unit_id: given with protocol "bacnet"; allowed: only with "modbus"'),
    "a BACnet key of a Modbus device": (T3 + "instance = 1\n", 't3.toml: devices[1] "ahu-1": instance: given with protocol "modbus"; allowed: only with "bacnet"'),
    "two BACnet devices of one instance": (BACNET + BACNET.replace("chiller", "b"), 't3.toml: devices[2] "b": instance: saw 7; allowed: one device for each instance of network 50; "chiller" at 50:7 has it'),
    "two BACnet devices of one instance at two stations": (BACNET + BACNET.replace("chiller", "b").replace("50:7", "50:0x08"), 't3.toml: devices[2] "b": instance: saw 7; allowed: one device for each instance of network 50; "chiller" at 50:7 has it'),
    "one BACnet device by two spellings": (BACNET.replace("50:7", "10.0.0.1") + BACNET.replace("chiller", "b").replace("50:7", "10.0.0.1:47808"), 't3.toml: devices[2] "b": instance: saw 7; allowed: one device for each instance of our own network; "chiller" at 10.0.0.1 has it'),
    "a cov that is a word": (BACNET + 'cov = "yes"\n', 't3.toml: devices[1] "chiller": cov: saw "yes"; allowed: true, false, or an array of at least one point id'),
    "a cov of nothing": (BACNET + "cov = []\n", 't3.toml: devices[1] "chiller": cov: saw an array of 0; allowed: true, false, or an array of at least one point id'),
    "a cov of one point twice": (BACNET + 'cov = ["IN1", "in1"]\n', 't3.toml: devices[1] "chiller": cov: saw an array of 2; allowed: true, false, or an array of at least one point id, each once'),
    "more cov points than subscriptions": (BACNET + 'cov = ["IN1", "IN2"]\ncov_max = 1\n', 't3.toml: devices[1] "chiller": cov: 2 points; allowed: at most cov_max, which is 1'),
    "more cov points than the section allows": ("[bacnet]\ncov_max_per_device = 1\n" + BACNET + 'cov = ["IN1", "IN2"]\n', 't3.toml: devices[1] "chiller": cov: 2 points; allowed: at most cov_max, which is 1'),
    "too many subscriptions": (BACNET + "cov_max = 101\n", 't3.toml: devices[1] "chiller": cov_max: saw 101; allowed: a whole number from 0 to 100 subscriptions'),
    "a private transfer that is a number": (BACNET + "private_transfer = 1\n", 't3.toml: devices[1] "chiller": private_transfer: saw 1; allowed: true or false'),
    "a cov of a Modbus device": (T3 + "cov = true\n", 't3.toml: devices[1] "ahu-1": cov: given with protocol "modbus"; allowed: only with "bacnet"'),
    "a private transfer of a Modbus device": (T3 + "private_transfer = true\n", 't3.toml: devices[1] "ahu-1": private_transfer: given with protocol "modbus"; allowed: only with "bacnet"'),
    "subscriptions beyond what a device has": ("[bacnet]\ncov_max_per_device = 101\n" + T3, "t3.toml: bacnet.cov_max_per_device: saw 101; allowed: a whole number from 0 to 100 subscriptions"),
    "a subscription for ever": ('[bacnet]\ncov_lifetime = "0s"\n' + T3, 't3.toml: bacnet.cov_lifetime: saw "0s"; allowed: a duration from "1m" to "1d"'),
    "a subscription too long": ('[bacnet]\ncov_lifetime = "25h"\n' + T3, 't3.toml: bacnet.cov_lifetime: saw "25h"; allowed: a duration from "1m" to "1d"'),
    "a verification too often": ('[bacnet]\ncov_verify = "999ms"\n' + T3, 't3.toml: bacnet.cov_verify: saw "999ms"; allowed: a duration from "1s" to "1h"'),
    "a verification too seldom": ('[bacnet]\ncov_verify = "61m"\n' + T3, 't3.toml: bacnet.cov_verify: saw "61m"; allowed: a duration from "1s" to "1h"'),
    "no way to discover": ('[bacnet]\ndiscover = "some"\n' + T3, 't3.toml: bacnet.discover: saw "some"; allowed: "off" | "list" | "temco" | "all"'),
    "a router by name": ('[bacnet.networks.50]\nrouter = "router.local"\n' + T3, 't3.toml: bacnet.networks.50.router: saw "router.local"; allowed: "IP" or "IP:port" of the router'),
    "a router behind a router": ('[bacnet.networks.50]\nrouter = "51:7"\n' + T3, 't3.toml: bacnet.networks.50.router: saw "51:7"; allowed: "IP" or "IP:port" of the router'),
    "a network number in more digits than it has": ("[bacnet.networks.050]\n" + T3, 't3.toml: bacnet.networks.050: saw "050"; allowed: a network number from 1 to 65534'),
    "a network number beyond any": ("[bacnet.networks.65535]\n" + T3, 't3.toml: bacnet.networks.65535: saw "65535"; allowed: a network number from 1 to 65534'),
    "no protocol of ours": (T3.replace("modbus", "knx"), 't3.toml: devices[1] "ahu-1": protocol: saw "knx"; allowed: "modbus" | "bacnet" | "t3000"'),
    "an address with a bad port": (T3.replace("10.0.0.1", "10.0.0.1:0"), 't3.toml: devices[1] "ahu-1": address: saw "10.0.0.1:0"; allowed: "host:port"'),
    "a serial line": (T3.replace("10.0.0.1", "rtu:/dev/ttyUSB0"), 't3.toml: devices[1] "ahu-1": address: saw "rtu:/dev/ttyUSB0"; allowed: "host:port" with a name or IP address (IPv6 in brackets) and a port from 1 to 65535; this version does not speak Modbus RTU yet'),
    "the broadcast unit": (T3 + "unit_id = 0\n", 't3.toml: devices[1] "ahu-1": unit_id: saw 0; allowed: 1 to 247, or 255'),
    "a reserved unit": (T3 + "unit_id = 248\n", 't3.toml: devices[1] "ahu-1": unit_id: saw 248; allowed: 1 to 247, or 255'),
    "a unit beyond a byte": (T3 + "unit_id = 256\n", 't3.toml: devices[1] "ahu-1": unit_id: saw 256; allowed: 1 to 247, or 255'),
    "too many retries": (T3 + "retries = 11\n", 't3.toml: devices[1] "ahu-1": retries: saw 11; allowed: a whole number from 0 to 10'),
    "no serial number": (T3 + "serial_number = 0\n", 't3.toml: devices[1] "ahu-1": serial_number: saw 0; allowed: a whole number from 1 to 4294967295'),
    "an unknown profile": (T3.replace("t3-", "t9-"), 't3.toml: devices[1] "ahu-1": profile: saw "t9-controller"; allowed: a profile of this version: "t3-controller"'),
    "a profile and points": (T3 + POINT + "register = 1\n", 't3.toml: devices[1] "ahu-1": points: given beside profile; allowed: one of the two'),
    "neither profile nor points": (DEVICE, 't3.toml: devices[1] "ahu-1": points: missing; needed: a profile, at least one'),
    "points of a wrong type": (DEVICE + "points = 7\n", 't3.toml: devices[1] "ahu-1": points: saw 7; allowed: [[devices.points]] tables, or the name of a CSV file'),
    "a point list that is missing": (DEVICE + 'points = "no.csv"\n', 't3.toml: devices[1] "ahu-1": points: "no.csv" cannot be read: No such file or directory'),
    "a point without a kind": (DEVICE + '[[devices.points]]\nid = "a"\nregister = 1\n', 't3.toml: devices[1] "ahu-1": points[1] "a": kind: missing; needed: "input" | "output" | "variable"'),
    "a misspelt key of a point": (GOOD + "scal = 1\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": scal: unknown key, did you mean "scale"?'),
    "neither register nor reference": (DEVICE + POINT, 't3.toml: devices[1] "ahu-1": points[1] "t1": register: missing; needed: a whole number from 0 to 65535, or a reference'),
    "both register and reference": (GOOD + "reference = 40101\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": reference: given beside register; allowed: one of the two'),
    "a register too far": (DEVICE + POINT + "register = 65536\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": register: saw 65536; allowed: a whole number from 0 to 65535'),
    "a value past the last register": (DEVICE + POINT + 'register = 65535\ntype = "float32"\n', 't3.toml: devices[1] "ahu-1": points[1] "t1": register: 65535 and 2 registers end past 65535'),
    "a reference of no table": (DEVICE + POINT + "reference = 20001\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": reference: saw 20001; allowed: a reference such as 40101'),
    "reference zero": (DEVICE + POINT + "reference = 40000\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": reference: saw 40000; allowed: a reference'),
    "reference past the end": (DEVICE + POINT + "reference = 465537\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": reference: saw 465537; allowed: a reference'),
    "a reference against its table": (DEVICE + POINT + 'reference = 40001\ntable = "input"\n', 't3.toml: devices[1] "ahu-1": points[1] "t1": table: saw "input"; allowed: "holding", as reference 40001 says, or no table'),
    "a coil that is a float": (GOOD + 'table = "coil"\ntype = "float32"\n', 't3.toml: devices[1] "ahu-1": points[1] "t1": type: saw "float32"; allowed: "bit" (or none) in table "coil"'),
    "a bit of a number": (GOOD + "bit = 3\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": bit: saw 3; allowed: only with type = "bit" in table holding or input'),
    "a bit of a coil": (GOOD + 'table = "coil"\nbit = 3\n', 't3.toml: devices[1] "ahu-1": points[1] "t1": bit: saw 3; allowed: only with type = "bit" in table holding or input'),
    "a length of a number": (GOOD + "length = 3\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": length: saw 3; allowed: only with type = "string"'),
    "a scale of nothing": (GOOD + "scale = 0\n", 't3.toml: devices[1] "ahu-1": points[1] "t1": scale: saw 0; allowed: a number other than 0'),
    "a label of two lines": (GOOD + 'label = "a\\nb"\n', 't3.toml: devices[1] "ahu-1": points[1] "t1": label: saw "a\\nb"; allowed: one line of at most 64 characters'),
    "a point longer than a read": (DEVICE + "max_registers = 3\n" + POINT + 'register = 1\ntype = "int64"\n', 't3.toml: devices[1] "ahu-1": points[1] "t1": type: 4 registers long; allowed: at most the device\'s max_registers, 3'),
    "two points of one id": (GOOD + POINT.replace("t1", "T1") + "register = 9\n", 't3.toml: devices[1] "ahu-1": points[2] "T1": id: saw "T1"; allowed: an id not yet used in this device, in any case; it stands at t3.toml: devices[1] "ahu-1": points[1] "t1"'),
    "two points on one register": (GOOD + POINT.replace("t1", "t2") + "reference = 40101\n", 't3.toml: devices[1] "ahu-1": points[2] "t2": register: holding register 100 is already read by point "t1"; allowed: one point on it'),
    "two devices of one name": (T3 + T3.replace("ahu", "AHU").replace("10.0.0.1", "10.0.0.2"), 't3.toml: devices[2] "AHU-1": name: saw "AHU-1"; allowed: a name not yet used, in any case; it stands at t3.toml: devices[1] "ahu-1"'),
    "two devices on one unit": (T3 + T3.replace("ahu-1", "b").replace("10.0.0.1", "10.0.0.1:502"), 't3.toml: devices[2] "b": unit_id: saw 1; allowed: one device for each unit at 10.0.0.1:502; "ahu-1" has it'),
    "two devices of one serial number": (T3 + "serial_number = 7\n" + T3.replace("ahu-1", "b").replace("10.0.0.1", "10.0.0.2") + "serial_number = 7\n", 't3.toml: devices[2] "b": serial_number: saw 7; allowed: a serial number of its own; "ahu-1" has it'),
    "one address, two connections": (T3 + T3.replace("ahu-1", "b") + 'unit_id = 2\nconnection = "per_poll"\n', 't3.toml: devices[2] "b": connection: saw "per_poll"; allowed: "persistent", as "ahu-1" at the same address 10.0.0.1:502'),
    "an include of nothing": ('include = ["conf.d/*.toml"]\n' + T3, 't3.toml: include: saw "conf.d/*.toml"; allowed: patterns that match at least one file'),
    "an include of itself": ('include = ["*.toml"]\n' + T3, 't3.toml: include: saw "*.toml"; allowed: files that do not lead back here; t3.toml does'),
    "an include that is no array": ('include = "a.toml"\n' + T3, 't3.toml: include: saw "a.toml"; allowed: an array of file patterns'),
    "a log that goes nowhere": ("[log]\nstdout = false\n" + T3, "t3.toml: log.file: missing; needed: a path, since stdout is false and the log would go nowhere"),
    "a log file too small": ('[log]\nfile_size = "99kB"\n' + T3, 't3.toml: log.file_size: saw "99kB"; allowed: a size from "100kB", such as "500MB" or "2GB"'),
    "a network without a number": ("[bacnet.networks.trunk]\n" + T3, 't3.toml: bacnet.networks.trunk: saw "trunk"; allowed: a network number from 1 to 65534'),
    "a key of a network": ("[bacnet.networks.50]\nin_flight = 0\n" + T3, "t3.toml: bacnet.networks.50.in_flight: saw 0; allowed: a whole number from 1 to 16"),
    "a Who-Is range backwards": ("[bacnet]\nwho_is_range = [5, 1]\n" + T3, "t3.toml: bacnet.who_is_range: saw an array of 2; allowed: [low, high], each from 0 to 4194303"),
    "nesting without end": (f"x = {'[' * 5000}", "t3.toml: not TOML: nested too deeply"),
}  # fmt: skip

CSV_CASES: dict[str, tuple[str, str]] = {
    "a bad cell": ("id,kind,register\na,input,1\nb,input,x\n", 'a.csv: line 3.register: saw "x"; allowed: a whole number from 0 to 65535'),
    "an unknown column": ("id,kind,regster\na,input,1\n", 'a.csv: line 1.regster: unknown key, did you mean "register"?'),
    "a column twice": ("id,kind,register,id\na,input,1,b\n", "a.csv: line 1.id: stands twice in the header; allowed: once"),
    "too many cells": ("id,kind,register\na,input,1,2\n", "a.csv: line 2: saw 4 cells; allowed: at most the 3 of the header"),
    "an empty file": ("", "a.csv: line 1: no header; needed: a line of the keys id, kind"),
    "no row": ("id,kind,register\n", "a.csv: no point in it; allowed: a header and at least one row"),
    "a stripped coil": ("id,kind,reference\na,input,101\n", 'a.csv: line 2.reference: saw "101"; allowed: a reference such as 40101'),
    "two of one id": ("id,kind,register\na,input,1\na,input,2\n", 'a.csv: line 3.id: saw "a"; allowed: an id not yet used in this device, in any case; it stands at '),
}  # fmt: skip
