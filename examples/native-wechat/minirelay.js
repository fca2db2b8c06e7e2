// minirelay's client library: an MQTT 3.1.1 client for mini-programs and pages, with a gateway's devices on top of it.
// 微信、支付宝、抖音小程序和网页用的 MQTT 3.1.1 客户端，以及网关的设备。
// Built from miniprogram/src/minirelay by "npm run build:library"; do not edit. Its README explains its use.
// SPDX-License-Identifier: Apache-2.0
/* eslint-disable */
var __defProp = Object.defineProperty;
var __defProps = Object.defineProperties;
var __getOwnPropDescs = Object.getOwnPropertyDescriptors;
var __getOwnPropSymbols = Object.getOwnPropertySymbols;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __propIsEnum = Object.prototype.propertyIsEnumerable;
var __defNormalProp = (obj, key2, value) => key2 in obj ? __defProp(obj, key2, { enumerable: true, configurable: true, writable: true, value }) : obj[key2] = value;
var __spreadValues = (a, b) => {
  for (var prop in b || (b = {}))
    if (__hasOwnProp.call(b, prop))
      __defNormalProp(a, prop, b[prop]);
  if (__getOwnPropSymbols)
    for (var prop of __getOwnPropSymbols(b)) {
      if (__propIsEnum.call(b, prop))
        __defNormalProp(a, prop, b[prop]);
    }
  return a;
};
var __spreadProps = (a, b) => __defProps(a, __getOwnPropDescs(b));
var __publicField = (obj, key2, value) => {
  __defNormalProp(obj, typeof key2 !== "symbol" ? key2 + "" : key2, value);
  return value;
};

// src/minirelay/address.ts
var gatewayPort = 8443;
var gatewayPath = "/mqtt";
var validId = /^[a-z0-9][a-z0-9_-]{0,31}$/;
var schemes = {
  minirelay: { tls: true, port: gatewayPort },
  wss: { tls: true, port: 443 },
  ws: { tls: false, port: 80 },
  https: { tls: true, port: 443 },
  // the address of the page
  http: { tls: false, port: 80 }
};
function parseAddress(text) {
  var _a, _b, _c;
  const trimmed = text.trim();
  if (trimmed === "")
    return { error: "empty" };
  const m = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)(?:\?([^#]*))?/i.exec(trimmed);
  const scheme = ((_a = m == null ? void 0 : m[1]) != null ? _a : "minirelay").toLowerCase();
  const { tls: secure, port: usual } = (_b = schemes[scheme]) != null ? _b : {};
  if (!m || secure === void 0 || usual === void 0)
    return { error: "bad_scheme" };
  const authority = /^(\[[0-9a-f:.]+\]|[^\s@:[\]\\]+)(?::(.*))?$/i.exec(m[2]);
  if (!authority)
    return { error: "bad_host" };
  const port = authority[2] === void 0 ? usual : /^\d{1,5}$/.test(authority[2]) ? Number(authority[2]) : 0;
  if (port < 1 || port > 65535)
    return { error: "bad_port" };
  const query = parseQuery((_c = m[4]) != null ? _c : "");
  if (query.gw !== void 0 && !validId.test(query.gw))
    return { error: "bad_gateway" };
  const address = {
    host: authority[1].toLowerCase(),
    port,
    tls: secure && !(scheme === "minirelay" && query.tls === "0"),
    path: m[3] === "" || m[3] === "/" ? gatewayPath : m[3],
    url: ""
  };
  address.url = addressURL(address);
  if (query.gw)
    address.gateway = query.gw;
  if (query.user)
    address.user = query.user;
  return address;
}
function formatAddress(a) {
  const query = [];
  if (a.gateway)
    query.push(`gw=${encodeURIComponent(a.gateway)}`);
  if (a.user)
    query.push(`user=${encodeURIComponent(a.user)}`);
  if (!a.tls)
    query.push("tls=0");
  const path = a.path && a.path !== gatewayPath ? a.path : "";
  return `minirelay://${a.host}:${a.port}${path}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}
function addressURL(a) {
  var _a, _b, _c, _d;
  const tls = (_a = a.tls) != null ? _a : true;
  const port = (_b = a.port) != null ? _b : gatewayPort;
  const shown = port === (tls ? 443 : 80) ? "" : `:${port}`;
  return `${tls ? "wss" : "ws"}://${(_c = a.host) != null ? _c : ""}${shown}${(_d = a.path) != null ? _d : gatewayPath}`;
}
function parseQuery(text) {
  const out = {};
  for (const part of text.split("&")) {
    const [key2, value = ""] = part.split("=");
    try {
      out[decodeURIComponent(key2)] = decodeURIComponent(value.replace(/\+/g, " "));
    } catch (e) {
    }
  }
  return out;
}

// src/minirelay/base64.ts
var digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
function encodeBase64(bytes) {
  var _a, _b;
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const n = bytes[i] << 16 | ((_a = bytes[i + 1]) != null ? _a : 0) << 8 | ((_b = bytes[i + 2]) != null ? _b : 0);
    text += digits[n >> 18] + digits[n >> 12 & 63];
    text += i + 1 < bytes.length ? digits[n >> 6 & 63] : "=";
    text += i + 2 < bytes.length ? digits[n & 63] : "=";
  }
  return text;
}
function decodeBase64(text) {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    return null;
  const pad = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const out = new Uint8Array(text.length / 4 * 3 - pad);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    let n = 0;
    for (let j = 0; j < 4; j++)
      n = n << 6 | Math.max(0, digits.indexOf(text[i + j]));
    for (let shift = 16; shift >= 0 && at < out.length; shift -= 8)
      out[at++] = n >> shift & 255;
  }
  return out;
}

// src/minirelay/socket.ts
var Once = class {
  constructor(events) {
    this.events = events;
    __publicField(this, "over", false);
  }
  opened() {
    if (!this.over)
      this.events.opened();
  }
  message(data) {
    if (!this.over)
      this.events.message(data);
  }
  ended(detail) {
    if (this.over)
      return;
    this.over = true;
    this.events.ended(detail);
  }
};

// src/minirelay/adapters.ts
function words(failure2, otherwise) {
  var _a, _b;
  const code = (failure2 == null ? void 0 : failure2.error) === void 0 ? "" : `error ${failure2.error} `;
  return (code + ((_b = (_a = failure2 == null ? void 0 : failure2.errMsg) != null ? _a : failure2 == null ? void 0 : failure2.errorMessage) != null ? _b : "")).trim() || otherwise;
}
var wxSocket = (wx2) => miniProgramSocket(wx2, false);
var mySocket = (my2) => miniProgramSocket(my2, true);
var ttSocket = (tt2) => miniProgramSocket(tt2, false);
var uniSocket = (uni) => miniProgramSocket(uni, false);
function miniProgramSocket(api, base64) {
  return {
    open: (url, protocols2, timeout, events) => openTask(api, base64, url, protocols2, timeout, events),
    watch: (life) => watchMiniProgram(api, life)
  };
}
function openTask(api, base64, url, protocols2, timeout, to) {
  const events = new Once(to);
  let open = false;
  let abandoned = false;
  const task = api.connectSocket({
    url,
    protocols: protocols2,
    timeout,
    multiple: true,
    // Alipay: a task of its own
    tcpNoDelay: true,
    // WeChat: small packets at once
    success: () => void 0,
    // uni: without any of the three it gives a promise
    fail: (failure2) => events.ended(words(failure2, "connectSocket failed"))
  });
  if (!task) {
    setTimeout(() => events.ended("connectSocket gave no task"), 0);
    return { send: () => void 0, close: () => void 0 };
  }
  const close = () => {
    try {
      task.close({ code: 1e3, fail: () => void 0 });
    } catch (e) {
    }
  };
  task.onOpen(() => {
    open = true;
    if (abandoned)
      close();
    else
      events.opened();
  });
  task.onMessage((message) => {
    const data = bytesOf(message);
    if (data !== null)
      events.message(data);
  });
  task.onError((failure2) => events.ended(words(failure2, "socket error")));
  task.onClose((c) => {
    var _a, _b;
    return events.ended(`closed ${(_a = c == null ? void 0 : c.code) != null ? _a : ""} ${(_b = c == null ? void 0 : c.reason) != null ? _b : ""}`.trim());
  });
  return {
    send: (data) => task.send(__spreadProps(__spreadValues({}, base64 ? { data: encodeBase64(new Uint8Array(data)), isBuffer: true } : { data }), {
      fail: (failure2) => events.ended(words(failure2, "send failed"))
    })),
    close: () => {
      abandoned = true;
      close();
      if (!open)
        events.ended("closed before it opened");
    }
  };
}
function bytesOf(message) {
  var _a, _b;
  let m = message;
  const inner = m == null ? void 0 : m.data;
  if (inner && typeof inner === "object" && "data" in inner)
    m = inner;
  const data = m == null ? void 0 : m.data;
  if (typeof data === "string")
    return (m == null ? void 0 : m.isBuffer) ? (_b = (_a = decodeBase64(data)) == null ? void 0 : _a.buffer) != null ? _b : null : data;
  return data != null ? data : null;
}
function watchMiniProgram(api, life) {
  var _a, _b, _c;
  const show = () => life.show();
  const hide = () => life.hide();
  const network = (change) => life.network(change.isConnected !== false);
  (_a = api.onAppShow) == null ? void 0 : _a.call(api, show);
  (_b = api.onAppHide) == null ? void 0 : _b.call(api, hide);
  (_c = api.onNetworkStatusChange) == null ? void 0 : _c.call(api, network);
  return () => {
    var _a2, _b2, _c2;
    (_a2 = api.offAppShow) == null ? void 0 : _a2.call(api, show);
    (_b2 = api.offAppHide) == null ? void 0 : _b2.call(api, hide);
    (_c2 = api.offNetworkStatusChange) == null ? void 0 : _c2.call(api, network);
  };
}
var hiddenLong = 5e3;
function browserSocket() {
  return {
    open(url, protocols2, _timeout, to) {
      const events = new Once(to);
      const ws = new WebSocket(url, protocols2);
      ws.binaryType = "arraybuffer";
      ws.onopen = () => events.opened();
      ws.onmessage = (m) => events.message(m.data);
      ws.onclose = (c) => events.ended(`closed ${c.code} ${c.reason}`.trim());
      return { send: (data) => ws.send(data), close: () => ws.close() };
    },
    watch: watchBrowser
  };
}
function watchBrowser(life) {
  if (typeof document === "undefined" || typeof addEventListener === "undefined")
    return () => void 0;
  let hiddenAt = 0;
  const visibility = () => {
    if (document.visibilityState === "hidden")
      hiddenAt = Date.now();
    else if (Date.now() - hiddenAt >= hiddenLong)
      life.show();
  };
  const shown = (e) => {
    if (e.persisted)
      life.show();
  };
  const online = () => life.network(true);
  const offline = () => life.network(false);
  document.addEventListener("visibilitychange", visibility);
  addEventListener("pageshow", shown);
  addEventListener("online", online);
  addEventListener("offline", offline);
  return () => {
    document.removeEventListener("visibilitychange", visibility);
    removeEventListener("pageshow", shown);
    removeEventListener("online", online);
    removeEventListener("offline", offline);
  };
}
function findSocket() {
  if (typeof my !== "undefined" && typeof (my == null ? void 0 : my.connectSocket) === "function")
    return mySocket(my);
  if (typeof tt !== "undefined" && typeof (tt == null ? void 0 : tt.connectSocket) === "function")
    return ttSocket(tt);
  if (typeof wx !== "undefined" && typeof (wx == null ? void 0 : wx.connectSocket) === "function")
    return wxSocket(wx);
  if (typeof WebSocket !== "undefined")
    return browserSocket();
  return null;
}

// src/minirelay/emitter.ts
var Emitter = class {
  constructor() {
    __publicField(this, "handlers", {});
  }
  /** Calls handler at each event from now on. Gives back a function that ends it. */
  on(event, handler) {
    var _a;
    this.handlers[event] = [...(_a = this.handlers[event]) != null ? _a : [], handler];
    return () => {
      var _a2;
      this.handlers[event] = ((_a2 = this.handlers[event]) != null ? _a2 : []).filter((h) => h !== handler);
    };
  }
  emit(event, ...args) {
    var _a;
    for (const handler of (_a = this.handlers[event]) != null ? _a : []) {
      try {
        handler(...args);
      } catch (e) {
        setTimeout(() => {
          throw e;
        }, 0);
      }
    }
  }
};

// src/minirelay/errors.ts
var MqttError = class extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
};

// src/minirelay/utf8.ts
function encodeUTF8(text) {
  const out = new Uint8Array(lengthUTF8(text));
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const c = codePoint(text, i);
    if (c > 65535)
      i++;
    if (c < 128) {
      out[at++] = c;
    } else if (c < 2048) {
      out[at++] = 192 | c >> 6;
      out[at++] = 128 | c & 63;
    } else if (c < 65536) {
      out[at++] = 224 | c >> 12;
      out[at++] = 128 | c >> 6 & 63;
      out[at++] = 128 | c & 63;
    } else {
      out[at++] = 240 | c >> 18;
      out[at++] = 128 | c >> 12 & 63;
      out[at++] = 128 | c >> 6 & 63;
      out[at++] = 128 | c & 63;
    }
  }
  return out;
}
function lengthUTF8(text) {
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const c = codePoint(text, i);
    if (c > 65535)
      i++;
    n += c < 128 ? 1 : c < 2048 ? 2 : c < 65536 ? 3 : 4;
  }
  return n;
}
function codePoint(text, i) {
  const c = text.charCodeAt(i);
  if (c < 55296 || c > 57343)
    return c;
  const next = text.charCodeAt(i + 1);
  if (c < 56320 && next >= 56320 && next <= 57343)
    return 65536 + (c - 55296 << 10) + (next - 56320);
  return 65533;
}
function decodeUTF8(bytes) {
  return decode(bytes, false);
}
function strictUTF8(bytes) {
  return decode(bytes, true);
}
function decode(bytes, strict) {
  let text = "";
  let units = [];
  let c = 0;
  let needed = 0;
  let lower = 128;
  let upper = 191;
  const put = (unit) => {
    units.push(unit);
    if (units.length >= 4096) {
      text += String.fromCharCode(...units);
      units = [];
    }
  };
  for (let i = 0; i < bytes.length; i++) {
    const b = bytes[i];
    if (needed === 0) {
      if (b < 128)
        put(b);
      else if (b >= 194 && b <= 223)
        [needed, c] = [1, b & 31];
      else if (b >= 224 && b <= 239) {
        if (b === 224)
          lower = 160;
        if (b === 237)
          upper = 159;
        [needed, c] = [2, b & 15];
      } else if (b >= 240 && b <= 244) {
        if (b === 240)
          lower = 144;
        if (b === 244)
          upper = 143;
        [needed, c] = [3, b & 7];
      } else if (strict)
        return null;
      else
        put(65533);
      continue;
    }
    if (b < lower || b > upper) {
      if (strict)
        return null;
      put(65533);
      needed = 0;
      i--;
    } else {
      c = c << 6 | b & 63;
      if (--needed === 0) {
        if (c > 65535) {
          put(55296 + (c - 65536 >> 10));
          put(56320 + (c - 65536 & 1023));
        } else
          put(c);
      }
    }
    lower = 128;
    upper = 191;
  }
  if (needed > 0) {
    if (strict)
      return null;
    put(65533);
  }
  return text + String.fromCharCode(...units);
}

// src/minirelay/packet.ts
var longestString = 65535;
function encodeConnect(c) {
  var _a;
  let flags = 2;
  const rest = [string(c.clientId)];
  if (c.will) {
    flags |= 4 | ((_a = c.will.qos) != null ? _a : 0) << 3 | (c.will.retain ? 32 : 0);
    rest.push(string(c.will.topic), field(payloadBytes(c.will.payload)));
  }
  if (c.user !== void 0) {
    flags |= 128;
    rest.push(string(c.user));
    if (c.password !== void 0) {
      flags |= 64;
      rest.push(string(c.password));
    }
  }
  return packet(16, string("MQTT"), [4, flags, c.keepalive >> 8, c.keepalive & 255], ...rest);
}
function encodePublish(p) {
  const first = 48 | (p.dup ? 8 : 0) | p.qos << 1 | (p.retain ? 1 : 0);
  return packet(first, string(p.topic), p.qos > 0 ? uint16(p.id) : [], p.payload);
}
function encodePuback(id2) {
  return packet(64, uint16(id2));
}
function encodeSubscribe(id2, filters) {
  const parts = [uint16(id2)];
  for (const f of filters)
    parts.push(string(f.filter), [f.qos]);
  return packet(130, ...parts);
}
function encodeUnsubscribe(id2, filters) {
  return packet(162, uint16(id2), ...filters.map(string));
}
var encodePing = () => packet(192);
var encodeDisconnect = () => packet(224);
function payloadBytes(payload) {
  if (typeof payload === "string")
    return encodeUTF8(payload);
  return "byteOffset" in payload ? payload : new Uint8Array(payload);
}
var uint16 = (n) => [n >> 8, n & 255];
function string(text) {
  return field(encodeUTF8(text));
}
function field(bytes) {
  if (bytes.length > longestString)
    throw new RangeError(`a text in MQTT has at most ${longestString} bytes, this one has ${bytes.length}`);
  return join(uint16(bytes.length), bytes);
}
function packet(first, ...parts) {
  let rest = 0;
  for (const p of parts)
    rest += p.length;
  if (rest > 268435455)
    throw new RangeError("a packet of MQTT has at most 268435455 bytes");
  const length = [];
  let n = rest;
  do {
    length.push(n & 127 | (n > 127 ? 128 : 0));
    n >>= 7;
  } while (n > 0);
  return join([first], length, ...parts);
}
function join(...parts) {
  let n = 0;
  for (const p of parts)
    n += p.length;
  const out = new Uint8Array(n);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

// src/minirelay/parser.ts
var ProtocolError = class extends Error {
};
var Parser = class {
  /** maxPacket: the most bytes that may follow a packet's fixed header. */
  constructor(maxPacket) {
    this.maxPacket = maxPacket;
    __publicField(this, "first", -1);
    // the first byte of the packet that has begun; -1: none
    __publicField(this, "length", 0);
    __publicField(this, "shift", 0);
    // of the next byte of the length; -1: the length is known
    __publicField(this, "body", none);
    __publicField(this, "filled", 0);
  }
  /** Takes bytes and hands over each packet that is complete with them. */
  push(bytes, take) {
    let at = 0;
    while (at < bytes.length) {
      if (this.first < 0) {
        this.first = bytes[at++];
        this.length = this.shift = 0;
        continue;
      }
      if (this.shift >= 0) {
        this.readLength(bytes[at++]);
        if (this.shift >= 0 || this.length > 0)
          continue;
      }
      const n = Math.min(this.length - this.filled, bytes.length - at);
      this.body.set(bytes.subarray(at, at + n), this.filled);
      this.filled += n;
      at += n;
      if (this.filled < this.length)
        continue;
      const packet2 = decode2(this.first, this.body);
      this.first = -1;
      this.body = none;
      take(packet2);
    }
  }
  readLength(b) {
    this.length += (b & 127) << this.shift;
    if (b & 128) {
      this.shift += 7;
      if (this.shift > 21)
        throw new ProtocolError("a length of more than four bytes");
      return;
    }
    if (this.length > this.maxPacket)
      throw new ProtocolError(`a packet of ${this.length} bytes; the most are ${this.maxPacket}`);
    this.shift = -1;
    this.filled = 0;
    this.body = this.length > 0 ? new Uint8Array(this.length) : none;
  }
};
var none = new Uint8Array(0);
function decode2(first, body) {
  const flags = first & 15;
  switch (first >> 4) {
    case 2:
      expect(flags === 0 && body.length === 2 && body[0] < 2, "CONNACK");
      return { type: "connack", sessionPresent: body[0] === 1, code: body[1] };
    case 3:
      return publish(flags, body);
    case 4:
      expect(flags === 0 && body.length === 2, "PUBACK");
      return { type: "puback", id: id(body, 0) };
    case 9:
      expect(flags === 0 && body.length > 2, "SUBACK");
      return { type: "suback", id: id(body, 0), granted: Array.from(body.subarray(2)) };
    case 11:
      expect(flags === 0 && body.length === 2, "UNSUBACK");
      return { type: "unsuback", id: id(body, 0) };
    case 13:
      expect(flags === 0 && body.length === 0, "PINGRESP");
      return { type: "pingresp" };
  }
  throw new ProtocolError(`a packet of type ${first >> 4}, which no broker sends to this client`);
}
function publish(flags, body) {
  const qos = flags >> 1 & 3;
  expect(qos < 2, "PUBLISH");
  expect(body.length >= 2, "PUBLISH");
  const end = 2 + (body[0] << 8) + body[1];
  const start = qos > 0 ? end + 2 : end;
  expect(body.length >= start, "PUBLISH");
  const topic = strictUTF8(body.subarray(2, end));
  if (topic === null || topic === "" || /[+#\0]/.test(topic))
    throw new ProtocolError("a message with a bad topic");
  return {
    type: "publish",
    topic,
    payload: body.subarray(start),
    qos,
    retain: (flags & 1) === 1,
    dup: (flags & 8) === 8,
    id: qos > 0 ? id(body, end) : 0
  };
}
function id(body, at) {
  const n = (body[at] << 8) + body[at + 1];
  expect(n > 0, "packet identifier");
  return n;
}
function expect(ok, what) {
  if (!ok)
    throw new ProtocolError(`a malformed ${what}`);
}

// src/minirelay/reasons.ts
function isFinal(reason) {
  switch (reason) {
    case "closed":
    case "wrong_password":
    case "not_authorized":
    case "bad_client_id":
    case "not_allowed_domain":
    case "bad_address":
    case "insecure":
    case "no_adapter":
      return true;
  }
  return false;
}
function refusal(code, hadWill) {
  switch (code) {
    case 1:
      return "not_mqtt";
    case 2:
      return "bad_client_id";
    case 3:
      return "busy";
    case 4:
      return "wrong_password";
    case 5:
      return hadWill ? "not_authorized" : "wrong_password";
  }
  return "not_mqtt";
}
function failure(detail) {
  const d = detail.toLowerCase();
  if (/domain list|合法域名|not in (the )?whitelist|error (20|65)\b/.test(d))
    return "not_allowed_domain";
  if (/certificate|cert path|trust anchor|\bssl|tls|-120\d\b|error 7\b|证书/.test(d))
    return "certificate";
  if (/url (is )?(invalid|not valid)|invalid url|error [345]\b/.test(d))
    return "bad_address";
  if (/max(imum)?\b.*\b(socket|connect|5)|too many|exceed|\bmax 5/.test(d))
    return "too_many_sockets";
  if (/time ?d? ?out|超时|error 6\b/.test(d))
    return "timeout";
  return "unreachable";
}

// src/minirelay/link.ts
var protocols = ["mqtt"];
var Link = class {
  constructor(o, events) {
    this.o = o;
    this.events = events;
    __publicField(this, "began", Date.now());
    __publicField(this, "socket", null);
    __publicField(this, "state", "opening");
    __publicField(this, "parser");
    __publicField(this, "opening");
    __publicField(this, "ping");
    __publicField(this, "watchdog");
    __publicField(this, "pingDue", 0);
    this.parser = new Parser(o.maxPacket);
  }
  start() {
    var _a;
    const o = this.o;
    this.opening = setTimeout(() => this.end("timeout", `no answer within ${o.openTimeout} ms`), o.openTimeout);
    try {
      this.socket = o.adapter.open(o.url, protocols, o.openTimeout, {
        opened: () => this.opened(),
        message: (data) => this.received(data),
        ended: (detail) => this.ended(detail)
      });
    } catch (e) {
      this.end(e.name === "SecurityError" ? "insecure" : "bad_address", String(e));
    }
    if (this.over)
      (_a = this.socket) == null ? void 0 : _a.close();
  }
  get over() {
    return this.state === "over";
  }
  /** Sends one packet; an answer to it is expected if due. */
  send(packet2, due = false) {
    if (this.over || !this.socket)
      return;
    try {
      this.socket.send(packet2.buffer);
    } catch (e) {
      this.end("lost", String(e));
      return;
    }
    if (due)
      this.expect();
  }
  /** Ends the connection with a goodbye and without any further event. */
  close() {
    if (this.over)
      return;
    if (this.state === "up")
      this.send(encodeDisconnect());
    this.finish();
  }
  opened() {
    if (this.state !== "opening")
      return;
    this.state = "connecting";
    this.send(encodeConnect(this.o.connect));
  }
  received(data) {
    if (this.over)
      return;
    clearTimeout(this.watchdog);
    this.watchdog = void 0;
    if (typeof data === "string")
      return this.end("not_mqtt", "a message of text");
    try {
      this.parser.push(new Uint8Array(data), (p) => this.take(p));
    } catch (e) {
      this.end("not_mqtt", e.message);
    }
    if (this.state === "up" && this.ping !== void 0 && Date.now() - this.pingDue > 1e3)
      this.pingNow();
  }
  take(p) {
    if (this.over)
      return;
    if (this.state === "connecting" && p.type === "connack") {
      if (p.code !== 0)
        return this.end(refusal(p.code, this.o.connect.will !== void 0), `CONNACK ${p.code}`);
      clearTimeout(this.opening);
      this.state = "up";
      this.planPing();
      return this.events.up();
    }
    if (this.state !== "up" || p.type === "connack")
      return this.end("not_mqtt", `an unexpected ${p.type}`);
    if (p.type !== "pingresp")
      this.events.packet(p);
  }
  ended(detail) {
    this.end(this.state === "opening" ? failure(detail) : "lost", detail);
  }
  end(reason, detail) {
    if (this.over)
      return;
    this.finish();
    this.events.down(reason, detail);
  }
  finish() {
    var _a;
    this.state = "over";
    clearTimeout(this.opening);
    clearTimeout(this.ping);
    clearTimeout(this.watchdog);
    (_a = this.socket) == null ? void 0 : _a.close();
  }
  /** Pings at a steady pace, whatever else is sent: only an answer shows that the way back is open, too. */
  planPing() {
    const every = this.o.connect.keepalive * 1e3;
    if (every === 0)
      return;
    this.pingDue = Date.now() + every;
    this.ping = setTimeout(() => {
      if (Date.now() - this.pingDue > every / 2)
        this.end("lost", "the program was suspended");
      else
        this.pingNow();
    }, every);
  }
  pingNow() {
    clearTimeout(this.ping);
    this.send(encodePing(), true);
    if (!this.over)
      this.planPing();
  }
  expect() {
    if (this.watchdog !== void 0 || this.over)
      return;
    this.watchdog = setTimeout(() => this.end("lost", `no answer within ${this.o.patience} ms`), this.o.patience);
  }
};

// src/minirelay/connection.ts
var firstDelay = 300;
var longestDelay = 3e4;
var busyDelay = 5e3;
var quickTimeout = 4e3;
var slowTimeout = 1e4;
var soundAfter = 1e4;
var settle = 200;
var justBegun = 1e3;
var Connection = class {
  constructor(o, autoLife, events) {
    this.o = o;
    this.autoLife = autoLife;
    this.events = events;
    __publicField(this, "state", { status: "offline", since: Date.now(), reason: "closed", detail: "", retryAt: null, final: true });
    __publicField(this, "link", null);
    __publicField(this, "wanted", false);
    __publicField(this, "hidden", false);
    __publicField(this, "attempt", 0);
    __publicField(this, "upAt", 0);
    __publicField(this, "opened", 0);
    __publicField(this, "last", null);
    __publicField(this, "timer");
    __publicField(this, "unwatch", null);
  }
  /** The link, if it can carry something. */
  get ready() {
    return this.link && this.upAt > 0 && !this.link.over ? this.link : null;
  }
  connect() {
    var _a, _b, _c, _d;
    if (this.wanted && this.link)
      return;
    this.wanted = true;
    this.attempt = 0;
    this.last = null;
    if (this.autoLife) {
      (_d = this.unwatch) != null ? _d : this.unwatch = (_c = (_b = (_a = this.o.adapter) == null ? void 0 : _a.watch) == null ? void 0 : _b.call(_a, {
        hide: () => this.hide(),
        show: () => this.show(),
        network: (connected) => this.networkChanged(connected)
      })) != null ? _c : null;
    }
    if (this.hidden)
      this.offline("background", "", null);
    else
      this.open();
  }
  close() {
    var _a;
    if (!this.wanted)
      return;
    this.wanted = false;
    this.hidden = false;
    (_a = this.unwatch) == null ? void 0 : _a.call(this);
    this.unwatch = null;
    this.drop();
    this.offline("closed", "", null);
  }
  /** The program is in the background: the platform will stop it and its sockets within seconds. */
  hide() {
    if (this.hidden)
      return;
    this.hidden = true;
    if (!this.trying)
      return;
    this.drop();
    this.offline("background", "", null);
  }
  show() {
    const wasHidden = this.hidden;
    this.hidden = false;
    if (!wasHidden && this.link && Date.now() - this.link.began < justBegun)
      return;
    this.renew();
  }
  networkChanged(connected = true) {
    if (connected)
      return this.renew();
    if (!this.trying || this.hidden)
      return;
    this.drop();
    if (!this.wanted)
      return;
    this.attempt = 0;
    this.retry("no_network", "", this.delay());
  }
  /** Whether a connection is wanted and no final reason prevents it. */
  get trying() {
    return this.wanted && !(this.state.status === "offline" && this.state.final);
  }
  /** Assumes that the socket is dead, whatever it looks like, and opens another. */
  renew() {
    if (!this.trying || this.hidden)
      return;
    this.attempt = 0;
    this.drop();
    this.open();
  }
  /** Lets go of the socket. It is closed before another is opened, without waiting for its end. */
  drop() {
    clearTimeout(this.timer);
    const link = this.link;
    this.link = null;
    link == null ? void 0 : link.close();
    if (this.upAt > 0) {
      this.upAt = 0;
      this.events.down();
    }
  }
  open() {
    clearTimeout(this.timer);
    if (!this.wanted || this.hidden)
      return;
    if (!this.o.adapter)
      return this.offline("no_adapter", "", null);
    if (!/^wss?:\/\/[^/\s]+/.test(this.o.url))
      return this.offline("bad_address", this.o.url, null);
    const wait = this.opened + settle - Date.now();
    if (wait > 0 && wait <= settle) {
      this.timer = setTimeout(() => this.open(), wait);
      if (this.state.status !== "connecting")
        this.enter({ status: "connecting", since: this.since(), attempt: this.attempt + 1, last: this.last });
      return;
    }
    this.opened = Date.now();
    this.attempt++;
    this.enter({ status: "connecting", since: this.since(), attempt: this.attempt, last: this.last });
    if (!this.trying || this.hidden || this.link)
      return;
    const openTimeout = this.attempt <= 2 ? quickTimeout : slowTimeout;
    const link = new Link(
      __spreadProps(__spreadValues({}, this.o), { adapter: this.o.adapter, openTimeout }),
      {
        up: () => this.link === link && this.up(link),
        packet: (p) => this.link === link && this.events.packet(p),
        down: (reason, detail) => this.link === link && this.down(reason, detail)
      }
    );
    this.link = link;
    link.start();
  }
  up(link) {
    this.upAt = Date.now();
    this.last = null;
    this.events.up(link);
    if (this.link === link)
      this.enter({ status: "online", since: this.upAt });
  }
  down(reason, detail) {
    if (this.upAt > 0 && Date.now() - this.upAt >= soundAfter)
      this.attempt = 0;
    this.drop();
    if (!this.wanted || this.hidden)
      return;
    if (isFinal(reason))
      this.offline(reason, detail, null);
    else
      this.retry(reason, detail, Math.max(this.delay(), reason === "busy" ? busyDelay : 0));
  }
  delay() {
    const longest = Math.min(longestDelay, firstDelay * 2 ** Math.min(this.attempt, 10));
    return longest / 2 + Math.random() * longest / 2;
  }
  retry(reason, detail, delay) {
    this.timer = setTimeout(() => this.open(), delay);
    this.last = reason;
    this.offline(reason, detail, Date.now() + Math.round(delay));
  }
  offline(reason, detail, retryAt) {
    this.enter({ status: "offline", since: this.since(), reason, detail, retryAt, final: isFinal(reason) });
  }
  /** Since when it is not online. */
  since() {
    const fresh2 = this.state.status === "online" || this.state.status === "offline" && this.state.reason === "closed";
    return fresh2 ? Date.now() : this.state.since;
  }
  enter(state) {
    this.state = state;
    this.events.state(state);
  }
};

// src/minirelay/topics.ts
function validTopic(topic) {
  return validFilter(topic) && !/[+#]/.test(topic);
}
function validFilter(filter) {
  if (filter === "" || filter.includes("\0") || lengthUTF8(filter) > longestString)
    return false;
  const levels = filter.split("/");
  return levels.every((l, i) => !/[+#]/.test(l) || l === "+" || l === "#" && i === levels.length - 1);
}
function matches(filter, topic) {
  if (topic.startsWith("$") && /^[+#]/.test(filter))
    return false;
  const f = filter.split("/");
  const t = topic.split("/");
  for (let i = 0; i < f.length; i++) {
    if (f[i] === "#")
      return true;
    if (i >= t.length || f[i] !== "+" && f[i] !== t[i])
      return false;
  }
  return f.length === t.length;
}

// src/minirelay/outbox.ts
var capacity = 100;
var window = 16;
var Outbox = class {
  constructor(nextId) {
    this.nextId = nextId;
    __publicField(this, "entries", []);
  }
  publish(link, topic, payload, o) {
    var _a, _b;
    if (!validTopic(topic))
      return fail("bad_topic", `${JSON.stringify(topic)} is not a valid topic to publish to`);
    const publish2 = {
      topic,
      payload: payloadBytes(payload),
      qos: (_a = o.qos) != null ? _a : 1,
      retain: (_b = o.retain) != null ? _b : false,
      dup: false,
      id: 0
    };
    if (publish2.payload.length > 268435455 - 65540)
      return fail("too_big", "the payload is too long for MQTT");
    const queue = o.whileOffline === "queue";
    if (!link && !queue)
      return fail("offline", "there is no connection");
    if (link && publish2.qos === 0) {
      link.send(encodePublish(publish2));
      return Promise.resolve();
    }
    if (this.entries.length >= capacity)
      return fail("queue_full", `${capacity} messages are already waiting`);
    return new Promise((resolve, reject) => {
      this.entries.push({ publish: publish2, queue, sent: false, resolve, reject });
      if (link)
        this.fill(link);
    });
  }
  /** Whether id belongs to a message that waits for its acknowledgement. */
  uses(id2) {
    return this.entries.some((e) => e.publish.id === id2);
  }
  /** Takes a PUBACK. */
  acknowledged(link, id2) {
    const at = this.entries.findIndex((e) => e.sent && e.publish.id === id2);
    if (at < 0)
      return;
    const [entry] = this.entries.splice(at, 1);
    this.fill(link);
    entry.resolve();
  }
  /** Sends what waits. The session is a new one, so what was sent before may be sent twice, and says so. */
  up(link) {
    for (const e of this.entries) {
      if (e.sent)
        e.publish.dup = true;
      e.sent = false;
    }
    this.fill(link);
  }
  down() {
    const gone = this.entries.filter((e) => !e.queue);
    this.entries = this.entries.filter((e) => e.queue);
    for (const e of gone) {
      e.reject(
        e.sent ? new MqttError("connection_lost", "the connection was lost before the broker acknowledged") : new MqttError("offline", "the connection was lost before it was sent")
      );
    }
  }
  /** Gives up everything. */
  close() {
    const gone = this.entries;
    this.entries = [];
    for (const e of gone)
      e.reject(new MqttError("closed", "the connection was closed"));
  }
  fill(link) {
    const sentAtQoS0 = [];
    for (const e of this.entries.slice(0, window)) {
      if (e.sent)
        continue;
      e.sent = true;
      if (e.publish.qos === 0)
        sentAtQoS0.push(e);
      else if (e.publish.id === 0)
        e.publish.id = this.nextId();
      link.send(encodePublish(e.publish), e.publish.qos > 0);
      if (link.over)
        break;
    }
    if (sentAtQoS0.length === 0 || link.over)
      return;
    this.entries = this.entries.filter((e) => !sentAtQoS0.includes(e));
    for (const e of sentAtQoS0)
      e.resolve();
    this.fill(link);
  }
};
function fail(code, message) {
  return Promise.reject(new MqttError(code, message));
}

// src/minirelay/random.ts
var letters = "abcdefghijklmnopqrstuvwxyz0123456789";
function randomText(length = 12) {
  let text = "";
  for (let i = 0; i < length; i++)
    text += letters[Math.floor(Math.random() * letters.length)];
  return text;
}

// src/minirelay/subscriptions.ts
var batch = 32;
var Subscriptions = class {
  constructor(nextId, refused) {
    this.nextId = nextId;
    this.refused = refused;
    __publicField(this, "wanted", /* @__PURE__ */ new Map());
    __publicField(this, "asked", /* @__PURE__ */ new Map());
    // SUBSCRIBEs without their SUBACK
    __publicField(this, "left", /* @__PURE__ */ new Map());
    // UNSUBSCRIBEs without their UNSUBACK
    __publicField(this, "waiters", []);
  }
  uses(id2) {
    return this.asked.has(id2) || this.left.has(id2);
  }
  add(link, filters, qos) {
    for (const f of filters)
      this.wanted.set(f, { qos, answer: null });
    const answer = new Promise((resolve, reject) => {
      this.waiters.push({ filters, open: new Set(filters), resolve, reject });
      if (link)
        this.ask(link, filters);
    });
    answer.catch(() => void 0);
    return answer;
  }
  answer(filter) {
    var _a, _b;
    return (_b = (_a = this.wanted.get(filter)) == null ? void 0 : _a.answer) != null ? _b : null;
  }
  remove(link, filters) {
    for (const f of filters)
      this.wanted.delete(f);
    for (const f of filters)
      this.answered(f);
    if (!link)
      return Promise.resolve();
    return new Promise((resolve) => {
      const id2 = this.nextId();
      this.left.set(id2, resolve);
      link.send(encodeUnsubscribe(id2, filters), true);
    });
  }
  /** Subscribes everything again: the session is a new one. */
  up(link) {
    this.ask(link, [...this.wanted.keys()]);
  }
  down() {
    this.asked.clear();
    const gone = [...this.left.values()];
    this.left.clear();
    for (const resolve of gone)
      resolve();
  }
  close() {
    const gone = this.waiters;
    this.waiters = [];
    for (const w of gone)
      w.reject(new MqttError("closed", "the connection was closed"));
  }
  /** Takes a SUBACK. */
  subscribed(id2, codes2) {
    const filters = this.asked.get(id2);
    if (!filters)
      return;
    this.asked.delete(id2);
    if (codes2.length !== filters.length)
      throw new ProtocolError("a SUBACK for another number of filters");
    filters.forEach((filter, i) => {
      const s = this.wanted.get(filter);
      if (!s)
        return;
      const before = s.answer;
      s.answer = codes2[i] <= 2 ? { filter, qos: codes2[i] } : { filter, refused: true };
      if (s.answer.refused && !(before == null ? void 0 : before.refused))
        this.refused(filter);
      this.answered(filter);
    });
  }
  /** Takes an UNSUBACK. */
  unsubscribed(id2) {
    var _a;
    (_a = this.left.get(id2)) == null ? void 0 : _a();
    this.left.delete(id2);
  }
  ask(link, filters) {
    for (let i = 0; i < filters.length; i += batch) {
      const some = filters.slice(i, i + batch);
      const id2 = this.nextId();
      this.asked.set(id2, some);
      link.send(
        encodeSubscribe(
          id2,
          some.map((filter) => {
            var _a, _b;
            return { filter, qos: (_b = (_a = this.wanted.get(filter)) == null ? void 0 : _a.qos) != null ? _b : 0 };
          })
        ),
        true
      );
    }
  }
  answered(filter) {
    for (const w of this.waiters)
      w.open.delete(filter);
    const done = this.waiters.filter((w) => w.open.size === 0);
    this.waiters = this.waiters.filter((w) => w.open.size > 0);
    for (const w of done)
      w.resolve(w.filters.map((f) => {
        var _a, _b;
        return (_b = (_a = this.wanted.get(f)) == null ? void 0 : _a.answer) != null ? _b : { filter: f, refused: true };
      }));
  }
};

// src/minirelay/client.ts
var MqttClient = class extends Emitter {
  constructor(options2) {
    var _a, _b, _c, _d, _e, _f;
    super();
    __publicField(this, "clientId");
    __publicField(this, "connection");
    __publicField(this, "outbox");
    __publicField(this, "subscriptions");
    __publicField(this, "lastId", 0);
    this.clientId = (_a = options2.clientId) != null ? _a : randomClientId();
    this.outbox = new Outbox(() => this.nextId());
    this.subscriptions = new Subscriptions(
      () => this.nextId(),
      (filter) => this.emit("refused", filter)
    );
    this.connection = new Connection(
      {
        adapter: (_b = options2.socket) != null ? _b : findSocket(),
        url: options2.url,
        connect: {
          clientId: this.clientId,
          keepalive: (_c = options2.keepalive) != null ? _c : 25,
          user: options2.user,
          password: options2.password,
          will: options2.will
        },
        patience: (_d = options2.patience) != null ? _d : 5e3,
        maxPacket: (_e = options2.maxPacket) != null ? _e : 1 << 20
      },
      (_f = options2.autoLife) != null ? _f : true,
      {
        state: (s) => this.emit("state", s),
        up: (link) => {
          this.subscriptions.up(link);
          this.outbox.up(link);
        },
        packet: (p) => this.take(p),
        down: () => {
          this.subscriptions.down();
          this.outbox.down();
        }
      }
    );
  }
  get state() {
    return this.connection.state;
  }
  connect() {
    this.connection.connect();
  }
  /** Ends the connection. What still waits fails with the code closed. connect() starts again. */
  close() {
    this.connection.close();
    this.outbox.close();
    this.subscriptions.close();
  }
  hide() {
    this.connection.hide();
  }
  show() {
    this.connection.show();
  }
  networkChanged(connected) {
    this.connection.networkChanged(connected);
  }
  /**
   * Subscribes, now or as soon as there is a connection, and again after each reconnect. The answer lists what the
   * broker granted and refused, in the order of filters.
   */
  subscribe(filters, qos = 1) {
    const list2 = typeof filters === "string" ? [filters] : filters;
    const bad = list2.find((f) => !validFilter(f));
    if (bad !== void 0)
      return Promise.reject(new MqttError("bad_topic", `${JSON.stringify(bad)} is not a valid topic filter`));
    return list2.length === 0 ? Promise.resolve([]) : this.subscriptions.add(this.connection.ready, list2, qos);
  }
  /** What the broker has answered to a filter; null if it is not subscribed, or not answered yet. */
  answer(filter) {
    return this.subscriptions.answer(filter);
  }
  unsubscribe(filters) {
    const list2 = typeof filters === "string" ? [filters] : filters;
    return list2.length === 0 ? Promise.resolve() : this.subscriptions.remove(this.connection.ready, list2);
  }
  /** Publishes, at QoS 1 unless options say otherwise. Ends when the broker has acknowledged; fails with an MqttError. */
  publish(topic, payload, options2 = {}) {
    return this.outbox.publish(this.connection.ready, topic, payload, options2);
  }
  take(p) {
    const link = this.connection.ready;
    if (!link)
      return;
    switch (p.type) {
      case "publish": {
        const { topic, payload, qos, retain, dup } = p;
        this.emit("message", { topic, payload, qos, retain, dup, text: () => decodeUTF8(payload) });
        if (qos === 1)
          link.send(encodePuback(p.id));
        break;
      }
      case "puback":
        this.outbox.acknowledged(link, p.id);
        break;
      case "suback":
        this.subscriptions.subscribed(p.id, p.granted);
        break;
      case "unsuback":
        this.subscriptions.unsubscribed(p.id);
    }
  }
  /** A packet identifier that nothing in flight uses. */
  nextId() {
    do {
      this.lastId = this.lastId % 65535 + 1;
    } while (this.outbox.uses(this.lastId) || this.subscriptions.uses(this.lastId));
    return this.lastId;
  }
};
function randomClientId() {
  return `mr-${randomText()}`;
}

// src/minirelay/explain.ts
var reasons = {
  closed: { zh: ["未连接", ""], en: ["Not connected", ""] },
  background: {
    zh: ["已转入后台，连接已断开", "回到前台后会自动重新连接。"],
    en: ["In the background", "It reconnects when you come back."]
  },
  no_network: {
    zh: ["手机没有网络", "请打开 Wi-Fi 或移动数据。"],
    en: ["The phone has no network", "Turn on Wi-Fi or mobile data."]
  },
  unreachable: {
    zh: ["无法连接网关", "请检查地址和端口。在局域网里，手机要和网关连同一个 Wi-Fi，并允许微信访问本地网络。证书不受手机信任时也会这样。"],
    en: [
      "The gateway cannot be reached",
      "Check the address and the port. On a LAN, the phone must be on the same Wi-Fi as the gateway and be allowed to use the local network. A certificate that the phone does not trust looks the same."
    ]
  },
  timeout: {
    zh: ["网关没有应答", "请检查端口是否正确、网关是否在运行。信号差时稍等片刻，会自动重试。"],
    en: [
      "The gateway does not answer",
      "Check the port and that the gateway is running. With a weak signal, wait: it retries automatically."
    ]
  },
  lost: { zh: ["连接已断开", "正在重新连接。"], en: ["The connection was lost", "Reconnecting."] },
  certificate: {
    zh: ["证书不受信任", "证书要由公认的机构签发、证书链完整、没有过期，手机的时间也要正确。在局域网里可以改用 ws 地址。"],
    en: [
      "The certificate is not trusted",
      "It must be issued by a well-known authority, include its whole chain and be valid today, and the clock of the phone must be right. On a LAN you can use a ws address instead."
    ]
  },
  not_allowed_domain: {
    zh: ["该域名不在小程序的合法域名里", "请在小程序后台的“服务器域名”里添加这个 wss 域名。调试时可以在开发者工具里勾选“不校验合法域名”。"],
    en: [
      "The mini-program is not allowed to use this domain",
      "Add this wss domain to the server domains of the mini-program. While debugging, you can turn off the check in DevTools."
    ]
  },
  wrong_password: {
    zh: ["用户名或密码不对", "请重新输入。在此之前不会自动重试。"],
    en: ["Wrong user name or password", "Enter them again. Until then there are no further attempts."]
  },
  not_authorized: {
    zh: ["不允许登录", "这个用户缺少所需的权限。请检查网关的配置。"],
    en: ["Not allowed to log in", "This user lacks a required permission. Check the configuration of the gateway."]
  },
  bad_client_id: {
    zh: ["客户端标识不被接受", "请换一个客户端标识，或者不指定。"],
    en: ["The client id was not accepted", "Choose another client id, or leave it out."]
  },
  busy: {
    zh: ["网关暂时不接受新的连接", "可能是连接太多，或者输错密码的次数太多。会自动重试。"],
    en: [
      "The gateway accepts no new connections now",
      "There may be too many connections, or too many wrong passwords. It retries automatically."
    ]
  },
  not_mqtt: {
    zh: ["这个地址上不是 MQTT 服务器", "请检查地址、端口和路径（通常是 /mqtt）。"],
    en: ["This is not an MQTT broker", "Check the address, the port and the path (usually /mqtt)."]
  },
  bad_address: {
    zh: ["地址无效", "示例：wss://example.com:8443/mqtt 或 ws://192.168.1.10:8080/mqtt。"],
    en: ["The address is not valid", "Examples: wss://example.com:8443/mqtt, ws://192.168.1.10:8080/mqtt."]
  },
  insecure: {
    zh: ["https 网页不能连接 ws 地址", "请改用 wss 地址，或者直接打开那个网关自己的网页。"],
    en: ["A page loaded over https cannot open ws", "Use a wss address, or open the page of that gateway."]
  },
  too_many_sockets: {
    zh: ["小程序的连接数已用完", "一个小程序最多同时有 5 个连接。请关闭不用的连接，之后会自动重试。"],
    en: [
      "The mini-program has too many connections",
      "A mini-program can have five at a time. Close those you do not need; it retries automatically."
    ]
  },
  no_adapter: {
    zh: ["这个平台没有 WebSocket", "请在微信、支付宝、抖音小程序或浏览器里使用。"],
    en: ["This platform has no WebSocket", "Use a WeChat, Alipay or Douyin mini-program, or a browser."]
  },
  not_subscribed: {
    zh: ["这个用户无权查看这个网关", "请检查网关 id，以及配置里这个用户的权限。"],
    en: ["This user is not allowed to see this gateway", "Check the gateway id and the permissions of the user in the configuration."]
  },
  no_gateway: {
    zh: ["已连上服务器，但没有网关应答", "请检查网关 id，以及网关是否在运行。"],
    en: ["Connected, but no gateway answers", "Check the gateway id and that the gateway is running."]
  },
  gateway_offline: {
    zh: ["网关离线", "服务器可以连接，但网关没有连上服务器。请检查网关的电源和网络。"],
    en: ["The gateway is offline", "The server is up, but the gateway is not connected to it. Check its power and its network."]
  }
};
var connecting = { zh: ["正在连接…", ""], en: ["Connecting…", ""] };
var values = {
  disconnected: { zh: "未连接网关", en: "not connected" },
  gateway_offline: { zh: "网关离线", en: "the gateway is offline" },
  device_offline: { zh: "设备离线", en: "the device is offline" },
  no_reading: { zh: "没有有效读数", en: "no valid reading" },
  waiting: { zh: "等待数据", en: "waiting for data" }
};
var codes = {
  bad_request: { zh: "请求格式不对", en: "the request was malformed" },
  unknown_device: { zh: "没有这个设备", en: "unknown device" },
  unknown_command: { zh: "设备没有这个命令", en: "the device does not have this command" },
  bad_value: { zh: "值无效", en: "the value is not valid" },
  out_of_range: { zh: "值超出允许范围", en: "the value is out of range" },
  forbidden: { zh: "没有权限", en: "not allowed" },
  expired: { zh: "到得太晚，未执行", en: "it arrived too late and was not executed" },
  retained: { zh: "保留消息不会执行", en: "retained commands are never executed" },
  superseded: { zh: "已被更新的命令取代", en: "replaced by a newer command" },
  busy: { zh: "正忙，未执行", en: "busy, not executed" },
  offline: { zh: "离线，未执行", en: "offline, not executed" },
  stopping: { zh: "网关正在停止", en: "the gateway is stopping" },
  refused: { zh: "设备拒绝", en: "the device refused" },
  mismatch: { zh: "设备已应答，但回读的值不符", en: "the device answered, but reads back a different value" },
  io_error: { zh: "线路出错", en: "the line failed" },
  no_answer: { zh: "没有应答，无法确定是否已执行", en: "no answer: it is not known whether it was executed" },
  connection_lost: { zh: "连接断开，无法确定是否已执行", en: "the connection was lost: it is not known whether it was executed" }
};
var statuses = {
  done: { zh: "完成", en: "done" },
  sent: { zh: "已发出（设备不应答）", en: "sent (the device gives no answer)" },
  rejected: { zh: "未执行", en: "not executed" },
  failed: { zh: "失败", en: "failed" },
  unknown: { zh: "无法确定是否已执行", en: "it is not known whether it was executed" }
};
function explain(state, lang) {
  switch (state.status) {
    case "online":
      return { title: "", hint: "" };
    case "connecting":
      return words2(connecting[lang], state.last === null ? "" : explainReason(state.last, lang).hint);
  }
  return explainReason(state.reason, lang);
}
function explainReason(reason, lang) {
  const [title, hint] = reasons[reason][lang];
  return { title, hint };
}
function explainValue(reason, lang) {
  return values[reason][lang];
}
function explainResult(r, lang) {
  var _a, _b;
  const text = (_b = r.code && ((_a = codes[r.code]) == null ? void 0 : _a[lang])) != null ? _b : statuses[r.status][lang];
  return r.code === "refused" && r.message ? `${text}${lang === "zh" ? "：" : ": "}${r.message}` : text;
}
function words2([title], hint) {
  return { title, hint };
}

// src/minirelay/clock.ts
function monotonic() {
  return typeof performance === "object" && typeof performance.now === "function" ? performance.now() : Date.now();
}
var fresh = 6e5;
var patience = 3e3;
var GatewayClock = class {
  // counts them, so that an answer to an old one does not count
  /** ask asks the gateway for { now }, in Unix ms. */
  constructor(ask) {
    this.ask = ask;
    __publicField(this, "sample", null);
    __publicField(this, "asking", null);
    __publicField(this, "connection", 0);
  }
  /** Asks for the time. false: there was no answer. */
  sync() {
    const asked = monotonic();
    const connection = this.connection;
    const answer = this.ask().then(
      (r) => {
        const now = r == null ? void 0 : r.now;
        if (typeof now !== "number" || connection !== this.connection)
          return false;
        const error = (monotonic() - asked) / 2;
        this.sample = { gateway: now, here: asked + error, error };
        return true;
      },
      () => false
    );
    this.asking = answer;
    void answer.then(() => {
      if (this.asking === answer)
        this.asking = null;
    });
    return answer;
  }
  /** Whether the time is known, if need be after a moment of waiting. */
  soon() {
    var _a;
    if (this.sample) {
      if (monotonic() - this.sample.here > fresh)
        void this.sync();
      return Promise.resolve(true);
    }
    const late = new Promise((resolve) => setTimeout(() => resolve(this.known), patience));
    return Promise.race([(_a = this.asking) != null ? _a : this.sync(), late]);
  }
  /** The connection is gone: the next one may lead to another gateway. */
  forget() {
    this.connection++;
    this.sample = null;
    this.asking = null;
  }
  get known() {
    return this.sample !== null;
  }
  /** Unix ms by the gateway's clock; by this device's as long as that is not known. */
  now() {
    return this.sample ? Math.round(this.sample.gateway + monotonic() - this.sample.here) : Date.now();
  }
  /** The earliest that it can be, ms milliseconds from now. */
  in(ms) {
    var _a, _b;
    return Math.floor(this.now() + ms - ((_b = (_a = this.sample) == null ? void 0 : _a.error) != null ? _b : 0));
  }
};

// src/minirelay/model.ts
function parseObject(text) {
  try {
    const v = JSON.parse(text);
    return isObject(v) ? v : null;
  } catch (e) {
    return null;
  }
}
function parseInfo(text) {
  const j = parseObject(text);
  if (!j || typeof j.gateway !== "string")
    return null;
  return { gateway: j.gateway, name: name(j.name), version: str(j.version), started: num(j.started) };
}
function parseModel(text) {
  const j = parseObject(text);
  if (!j || typeof j.device !== "string")
    return null;
  return { device: j.device, name: name(j.name), fields: list(j.fields, field2), commands: list(j.commands, command) };
}
function parseState(text) {
  const j = parseObject(text);
  if (!j || typeof j.ts !== "number")
    return null;
  return { ts: j.ts, values: j };
}
function isValue(v, type) {
  switch (type) {
    case "number":
      return typeof v === "number" && Number.isFinite(v);
    case "bool":
      return typeof v === "boolean";
  }
  return typeof v === "string";
}
function field2(j) {
  if (typeof j.id !== "string" || !isFieldType(j.type))
    return null;
  return {
    id: j.id,
    name: name(j.name),
    type: j.type,
    unit: str(j.unit),
    decimals: num(j.decimals),
    min: num(j.min),
    max: num(j.max),
    options: options(j.options)
  };
}
function command(j) {
  if (typeof j.id !== "string" || !(isFieldType(j.type) || j.type === "none"))
    return null;
  return {
    id: j.id,
    name: name(j.name),
    type: j.type,
    field: str(j.field),
    min: num(j.min),
    max: num(j.max),
    step: num(j.step),
    unit: str(j.unit),
    options: options(j.options),
    max_length: num(j.max_length),
    ask: name(j.ask)
  };
}
function options(v) {
  if (!Array.isArray(v))
    return void 0;
  return list(v, (j) => typeof j.value === "string" ? { value: j.value, name: name(j.name) } : null);
}
function name(v) {
  if (typeof v === "string")
    return v;
  if (!isObject(v))
    return void 0;
  const out = {};
  for (const lang of Object.keys(v)) {
    const text = v[lang];
    if (typeof text === "string")
      out[lang] = text;
  }
  return out;
}
function list(v, item) {
  const out = [];
  for (const j of Array.isArray(v) ? v : []) {
    const parsed = isObject(j) ? item(j) : null;
    if (parsed !== null)
      out.push(parsed);
  }
  return out;
}
var isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);
var isFieldType = (v) => v === "number" || v === "bool" || v === "enum" || v === "text";
var str = (v) => typeof v === "string" ? v : void 0;
var num = (v) => typeof v === "number" && Number.isFinite(v) ? v : void 0;

// src/minirelay/results.ts
var statuses2 = ["done", "sent", "rejected", "failed", "unknown"];
function parseResult(device, text) {
  const j = parseObject(text);
  if (!j || typeof j.status !== "string" || !statuses2.includes(j.status))
    return null;
  const result = {
    id: typeof j.id === "string" ? j.id : "",
    device,
    command: typeof j.command === "string" ? j.command : "",
    status: j.status,
    ts: typeof j.ts === "number" ? j.ts : 0,
    mine: false,
    local: false
  };
  if (j.value !== void 0)
    result.value = j.value;
  if (typeof j.code === "string")
    result.code = j.code;
  if (typeof j.message === "string")
    result.message = j.message;
  if (typeof j.ms === "number")
    result.ms = j.ms;
  if (typeof j.by === "string")
    result.by = j.by;
  if (j.repeat === true)
    result.repeat = true;
  return result;
}

// src/minirelay/commands.ts
var longestAnswer = 7e4;
var capacity2 = 32;
var remembered = 64;
var Commands = class {
  constructor(context, time) {
    this.context = context;
    this.time = time;
    __publicField(this, "open", /* @__PURE__ */ new Map());
    __publicField(this, "givenUp", []);
    __publicField(this, "last", /* @__PURE__ */ new Map());
  }
  give(device, command2, value, o) {
    const id2 = `c-${randomText(16)}`;
    return new Promise((resolve) => {
      const entry = { id: id2, device, command: command2, value, timer: void 0, resolve };
      if (!this.context.online())
        return this.end(entry, "rejected", "offline");
      if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(device))
        return this.end(entry, "rejected", "unknown_device");
      if (!this.context.allowed(device))
        return this.end(entry, "rejected", "forbidden");
      if (!encodable(value))
        return this.end(entry, "rejected", "bad_value");
      if (this.open.size >= capacity2)
        return this.end(entry, "rejected", "busy");
      this.open.set(id2, entry);
      this.context.changed(device);
      void this.send(entry, o);
    });
  }
  async send(e, o) {
    var _a, _b;
    const clock = await this.context.clock();
    if (!this.open.has(e.id))
      return;
    if (!clock || !this.context.online())
      return this.end(e, "rejected", "offline");
    e.timer = setTimeout(() => this.giveUp(e, "no_answer"), (_a = o.timeout) != null ? _a : longestAnswer);
    const payload = { id: e.id, command: e.command };
    if (e.value !== void 0)
      payload.value = e.value;
    payload.expires = this.time.in((_b = o.expiresIn) != null ? _b : 5e3);
    try {
      await this.context.send(e.device, JSON.stringify(payload));
    } catch (error) {
      if (!this.open.has(e.id))
        return;
      const code = error instanceof MqttError ? error.code : "offline";
      if (code === "connection_lost")
        this.giveUp(e, "connection_lost");
      else
        this.end(e, "rejected", code === "queue_full" ? "busy" : "offline");
    }
  }
  /** Takes a message on a device's result topic. */
  result(device, payload) {
    const r = parseResult(device, payload);
    if (!r)
      return;
    const e = this.open.get(r.id);
    if (e)
      return this.finish(e, __spreadProps(__spreadValues({}, r), { mine: true }));
    const late = this.givenUp.includes(r.id);
    if (late)
      this.givenUp = this.givenUp.filter((id2) => id2 !== r.id);
    const result = late ? __spreadProps(__spreadValues({}, r), { mine: true, late: true }) : r;
    if (late) {
      this.last.set(key(device, r.command), result);
      this.context.changed(device);
    }
    this.context.ended(result);
  }
  /** The connection, or the gateway, is gone: results of commands that were sent will not arrive in time, the others were never sent. */
  down() {
    for (const e of [...this.open.values()]) {
      if (e.timer === void 0)
        this.end(e, "rejected", "offline");
      else
        this.giveUp(e, "connection_lost");
    }
  }
  waiting(device, command2) {
    for (const e of this.open.values())
      if (e.device === device && e.command === command2)
        return { id: e.id, value: e.value };
    return null;
  }
  lastResult(device, command2) {
    var _a;
    return (_a = this.last.get(key(device, command2))) != null ? _a : null;
  }
  pending(device) {
    let n = 0;
    for (const e of this.open.values())
      if (e.device === device)
        n++;
    return n;
  }
  giveUp(e, code) {
    this.givenUp = [...this.givenUp, e.id].slice(-remembered);
    this.end(e, "unknown", code);
  }
  end(e, status, code) {
    const result = {
      id: e.id,
      device: e.device,
      command: e.command,
      status,
      code,
      ts: this.time.now(),
      mine: true,
      local: true
    };
    if (e.value !== void 0)
      result.value = e.value;
    this.finish(e, result);
  }
  finish(e, result) {
    clearTimeout(e.timer);
    this.open.delete(e.id);
    this.last.set(key(e.device, e.command), result);
    e.resolve(result);
    this.context.changed(e.device);
    this.context.ended(result);
  }
};
var key = (device, command2) => `${device}/${command2}`;
function encodable(value) {
  try {
    JSON.stringify(value);
    return true;
  } catch (e) {
    return false;
  }
}

// src/minirelay/requests.ts
var RequestError = class extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
};
var Requests = class {
  /** send publishes a request; it may fail. */
  constructor(send) {
    this.send = send;
    __publicField(this, "open", /* @__PURE__ */ new Map());
  }
  ask(method, params, timeout) {
    const id2 = `r-${randomText()}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(id2, "timeout", "the gateway does not answer"), timeout);
      this.open.set(id2, { resolve, reject, timer });
      this.send(JSON.stringify({ id: id2, method, params })).catch(() => this.fail(id2, "offline", "there is no connection"));
    });
  }
  /** Takes a message on the reply topic. */
  reply(payload) {
    var _a, _b;
    const j = parseObject(payload);
    const id2 = typeof (j == null ? void 0 : j.id) === "string" ? j.id : "";
    const o = this.open.get(id2);
    if (!j || !o)
      return;
    const error = j.error;
    if (error)
      return this.fail(id2, String((_a = error.code) != null ? _a : "error"), String((_b = error.message) != null ? _b : ""));
    this.open.delete(id2);
    clearTimeout(o.timer);
    o.resolve(j.result);
  }
  /** The connection is gone, and all answers with it. */
  down() {
    for (const id2 of [...this.open.keys()])
      this.fail(id2, "offline", "the connection was lost");
  }
  fail(id2, code, message) {
    const o = this.open.get(id2);
    if (!o)
      return;
    this.open.delete(id2);
    clearTimeout(o.timer);
    o.reject(new RequestError(code, message));
  }
};

// src/minirelay/devices.ts
var Devices = class {
  constructor(context) {
    this.context = context;
    __publicField(this, "known", /* @__PURE__ */ new Map());
    __publicField(this, "order", []);
  }
  /** Another connection: nothing that was said on the old one counts until it is said again. */
  forget() {
    for (const d of this.known.values()) {
      d.state = null;
      d.online = null;
      d.fresh = false;
    }
  }
  /** Everything that the gateway keeps has come: a device that was not among it is gone. */
  settle() {
    for (const d of [...this.known.values()])
      if (!d.fresh)
        this.known.delete(d.id);
  }
  /** The order in which the gateway lists its devices. */
  arrange(order) {
    this.order = order;
  }
  /** Takes a model. true: the list of devices has changed. */
  model(id2, payload) {
    var _a;
    if (payload === "") {
      const had = (_a = this.known.get(id2)) == null ? void 0 : _a.model;
      this.known.delete(id2);
      return had != null;
    }
    const model = parseModel(payload);
    if (!model)
      return false;
    const d = this.get(id2);
    const first = d.model === null;
    d.model = model;
    d.fresh = true;
    this.remember(d);
    return first;
  }
  state(id2, payload) {
    const state = parseState(payload);
    if ((state == null ? void 0 : state.values.replay) === true)
      return;
    const d = this.get(id2);
    d.state = state;
    this.remember(d);
  }
  availability(id2, payload) {
    this.get(id2).online = payload === "online" ? true : payload === "offline" ? false : null;
  }
  ids() {
    const place = (id2) => {
      const at = this.order.indexOf(id2);
      return at < 0 ? this.order.length : at;
    };
    return [...this.known.values()].filter((d) => d.model).map((d) => d.id).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  }
  view(id2) {
    var _a, _b;
    const d = this.known.get(id2);
    if (!(d == null ? void 0 : d.model))
      return null;
    const why = this.why(d);
    const now = this.context.now();
    return {
      id: id2,
      name: d.model.name,
      online: why === null ? true : why === "device_offline" ? false : null,
      offlineWhy: why,
      lastSeen: (_b = (_a = d.state) == null ? void 0 : _a.ts) != null ? _b : newest(d.last),
      fields: d.model.fields.map((f) => fieldView(d, f, why, now)),
      commands: d.model.commands.map((c) => __spreadProps(__spreadValues({}, c), {
        waiting: this.context.waiting(id2, c.id),
        result: this.context.result(id2, c.id)
      })),
      mayCommand: this.context.mayCommand(id2),
      pending: this.context.pending(id2)
    };
  }
  /** Why the device's values are not known; null if they are. */
  why(d) {
    var _a;
    return (_a = this.context.blind()) != null ? _a : d.online === null ? "waiting" : d.online ? null : "device_offline";
  }
  remember(d) {
    var _a, _b, _c;
    for (const f of (_b = (_a = d.model) == null ? void 0 : _a.fields) != null ? _b : []) {
      const v = (_c = d.state) == null ? void 0 : _c.values[f.id];
      if (d.state && isValue(v, f.type))
        d.last.set(f.id, { value: v, ts: d.state.ts });
    }
  }
  get(id2) {
    let d = this.known.get(id2);
    if (!d)
      this.known.set(id2, d = { id: id2, model: null, state: null, online: null, fresh: false, last: /* @__PURE__ */ new Map() });
    return d;
  }
};
function fieldView(d, f, why, now) {
  var _a;
  const v = (_a = d.state) == null ? void 0 : _a.values[f.id];
  const last = d.last.get(f.id);
  const base = __spreadProps(__spreadValues({}, f), { last: last ? __spreadValues({}, last) : null });
  const reason = why != null ? why : d.state === null ? "waiting" : isValue(v, f.type) ? null : "no_reading";
  if (reason !== null || d.state === null)
    return __spreadProps(__spreadValues({}, base), { value: null, reason, ts: null, age: null });
  const aged = now !== null && d.state.values.clock !== "unset";
  return __spreadProps(__spreadValues({}, base), { value: v, reason: null, ts: d.state.ts, age: aged ? Math.max(0, now - d.state.ts) : null });
}
function newest(last) {
  let ts = null;
  for (const v of last.values())
    ts = Math.max(ts != null ? ts : 0, v.ts);
  return ts;
}

// src/minirelay/search.ts
var usualRoot = "minirelay";
var validRoot = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/;
function searches(root, id2) {
  const end = `${id2 != null ? id2 : "+"}/info`;
  return root !== null ? [[`${root}/${end}`]] : [[`${usualRoot}/${end}`], [`+/${end}`, `+/+/${end}`, `+/+/+/${end}`]];
}
function foundBy(topic, text) {
  const m = /^(.+)\/([^/]+)\/info$/.exec(topic);
  const info = m && parseInfo(text);
  return info && info.gateway === m[2] ? { root: m[1], id: m[2], info } : null;
}

// src/minirelay/throttle.ts
var Throttle = class {
  constructor(report, every = 50) {
    this.report = report;
    this.every = every;
    __publicField(this, "reported", /* @__PURE__ */ new Map());
    __publicField(this, "timers", /* @__PURE__ */ new Map());
  }
  one(id2) {
    var _a;
    if (this.timers.has(id2))
      return;
    const wait = ((_a = this.reported.get(id2)) != null ? _a : 0) + this.every - Date.now();
    if (wait > 0 && wait <= this.every) {
      this.timers.set(
        id2,
        setTimeout(() => this.now(id2), wait)
      );
    } else
      this.now(id2);
  }
  all(ids) {
    for (const id2 of ids)
      this.one(id2);
  }
  stop() {
    for (const t of this.timers.values())
      clearTimeout(t);
    this.timers.clear();
  }
  now(id2) {
    clearTimeout(this.timers.get(id2));
    this.timers.delete(id2);
    this.reported.set(id2, Date.now());
    this.report(id2);
  }
};

// src/minirelay/gateway.ts
var roles = ["viewer", "operator", "admin"];
var answerTime = 5e3;
var searchTime = 1e3;
var Gateway = class extends Emitter {
  constructor(options2) {
    var _a, _b;
    super();
    __publicField(this, "state", { status: "offline", since: Date.now(), reason: "closed", detail: "", retryAt: null, final: true });
    /** The gateway's id, once it is known. */
    __publicField(this, "id");
    __publicField(this, "info", null);
    /** What the user may do; null if that is not known. */
    __publicField(this, "role", null);
    /** What its topics begin with, once it is known. */
    __publicField(this, "root");
    __publicField(this, "client");
    __publicField(this, "clock", new GatewayClock(() => this.request("time")));
    __publicField(this, "known");
    __publicField(this, "requests");
    __publicField(this, "commands");
    __publicField(this, "changes", new Throttle((id2) => {
      const view = this.known.view(id2);
      if (view)
        this.emit("change", view);
    }));
    __publicField(this, "list", new Throttle(() => this.emit("devices", this.devices())));
    __publicField(this, "found", /* @__PURE__ */ new Map());
    /** 'searching': nothing heard yet. 'silent': for too long. 'ready': everything retained is here. */
    __publicField(this, "phase", "searching");
    __publicField(this, "status", null);
    __publicField(this, "round", 0);
    // counts connections, so that an answer to an old one does not count
    __publicField(this, "looking", []);
    // filters of the search
    __publicField(this, "neighbours");
    const { user, password, clientId, socket, autoLife } = options2;
    this.id = options2.gateway || null;
    this.root = options2.root || null;
    this.neighbours = (_a = options2.neighbours) != null ? _a : false;
    const valid = (this.root === null || validRoot.test(this.root)) && (this.id === null || validId.test(this.id));
    const url = valid ? (_b = options2.url) != null ? _b : addressURL(options2) : "";
    this.client = new MqttClient({ url, user, password, clientId, socket, autoLife });
    this.requests = new Requests((payload) => this.client.publish(this.topic("request", this.client.clientId), payload));
    this.commands = new Commands(
      {
        online: () => this.state.status === "online",
        allowed: () => this.role !== "viewer",
        clock: () => this.clock.soon(),
        send: (device, payload) => this.client.publish(this.topic(device, "command"), payload, { qos: 1 }),
        changed: (device) => this.changes.one(device),
        ended: (result) => this.emit("result", result)
      },
      this.clock
    );
    this.known = new Devices({
      blind: () => this.blind(),
      now: () => this.clock.known ? this.clock.now() : null,
      waiting: (device, command2) => this.commands.waiting(device, command2),
      result: (device, command2) => this.commands.lastResult(device, command2),
      pending: (device) => this.commands.pending(device),
      mayCommand: () => this.role !== "viewer"
    });
    this.client.on("state", (s) => s.status === "online" ? this.connected() : this.disconnected());
    this.client.on("refused", () => setTimeout(() => this.derive(), 0));
    this.client.on("message", (m) => this.take(m));
  }
  connect() {
    this.client.connect();
  }
  /** Ends the connection. connect() starts it again. */
  close() {
    this.client.close();
    this.changes.stop();
    this.list.stop();
  }
  hide() {
    this.client.hide();
  }
  show() {
    this.client.show();
  }
  networkChanged(connected) {
    this.client.networkChanged(connected);
  }
  /** All devices as they are now, in the gateway's order. */
  devices() {
    return this.known.ids().map((id2) => this.known.view(id2));
  }
  device(id2) {
    return this.known.view(id2);
  }
  /** Every gateway that was found at the address, if none was named or neighbours are looked for. */
  gateways() {
    return [...this.found.values()];
  }
  /** The gateway's clock, Unix ms; this device's as long as it is not known. */
  now() {
    return this.clock.now();
  }
  get clockKnown() {
    return this.clock.known;
  }
  /**
   * Gives a command and resolves to its one result; it never fails. It is sent once, or not at all: without a connection it is
   * rejected at once, and nothing is kept for later. If the connection breaks before the result comes, or none comes
   * in time, the result is unknown.
   */
  command(device, command2, value, options2 = {}) {
    return this.commands.give(device, command2, value, options2);
  }
  /** Asks the gateway. Fails with a RequestError. */
  request(method, params) {
    if (this.client.state.status !== "online" || !this.named) {
      return Promise.reject(new RequestError("offline", "there is no connection"));
    }
    return this.requests.ask(method, params, answerTime);
  }
  get named() {
    return this.root !== null && this.id !== null;
  }
  topic(...levels) {
    return [this.root, this.id, ...levels].join("/");
  }
  filters() {
    return [
      this.topic("status"),
      this.topic("info"),
      this.topic("+", "model"),
      this.topic("+", "availability"),
      this.topic("+", "state"),
      this.topic("+", "result"),
      this.topic("+", "event"),
      this.topic("reply", this.client.clientId)
    ];
  }
  connected() {
    const round = ++this.round;
    this.found.clear();
    this.phase = "searching";
    this.status = null;
    if (!this.named) {
      void this.search(round);
    } else if (this.client.answer(this.topic("status")) === null) {
      void this.client.subscribe(this.filters());
      this.greet();
    } else {
      this.greet();
    }
    this.derive();
  }
  /** Looks for the gateway until it is found. The filters stay: it may come later. */
  async search(round) {
    this.looking = [];
    const steps = searches(this.root, this.neighbours ? null : this.id);
    for (const [i, filters] of steps.entries()) {
      this.looking.push(...filters);
      await this.client.subscribe(filters).catch(() => void 0);
      const wait = i < steps.length - 1 ? searchTime : answerTime;
      if (!this.refused(this.looking))
        await new Promise((resolve) => setTimeout(resolve, wait));
      if (round !== this.round || this.named)
        return;
    }
    this.phase = "silent";
    this.derive();
  }
  refused(filters) {
    return filters.length > 0 && filters.every((f) => {
      var _a;
      return (_a = this.client.answer(f)) == null ? void 0 : _a.refused;
    });
  }
  choose(root, id2) {
    const wide = this.looking.filter((f) => f.startsWith("+"));
    this.root = root;
    this.id = id2;
    if (wide.length > 0)
      void this.client.unsubscribe(wide);
    void this.client.subscribe(this.filters());
    this.greet();
  }
  /** Asks for the time. The answer follows everything that the subscriptions bring, so it shows that everything is here. */
  greet() {
    const round = this.round;
    void this.request("me").catch(() => null).then((me) => {
      var _a;
      if (round === this.round)
        this.role = (_a = roles.find((r) => r === (me == null ? void 0 : me.role))) != null ? _a : null;
    });
    this.askOrder();
    void this.clock.sync().then((answered) => {
      if (round !== this.round)
        return;
      this.phase = answered || this.status === "online" ? "ready" : "silent";
      if (this.phase === "silent")
        return this.derive();
      this.known.settle();
      this.derive();
      this.emit("devices", this.devices());
      this.emit("ready");
    });
  }
  /** Asks in which order the devices are to be shown. */
  askOrder() {
    const round = this.round;
    this.request("devices").then(
      (r) => {
        if (round !== this.round || !Array.isArray(r == null ? void 0 : r.devices))
          return;
        const before = this.known.ids().join();
        this.known.arrange(r.devices);
        if (this.known.ids().join() !== before)
          this.list.one("");
      },
      () => void 0
    );
  }
  disconnected() {
    this.round++;
    this.status = null;
    this.phase = "searching";
    this.clock.forget();
    this.known.forget();
    this.derive();
    this.requests.down();
    this.commands.down();
  }
  take(m) {
    if (m.topic.endsWith("/info") && this.takeInfo(m))
      return;
    if (!this.named || !m.topic.startsWith(`${this.root}/`))
      return;
    const [id2, first, second, more] = m.topic.slice(this.root.length + 1).split("/");
    if (id2 !== this.id || more !== void 0)
      return;
    if (first === "status" && second === void 0)
      return this.takeStatus(m.text());
    if (first === "reply") {
      if (second === this.client.clientId)
        this.requests.reply(m.text());
      return;
    }
    if (second !== void 0)
      this.takeDevice(first, second, m.text());
  }
  takeDevice(device, leaf, text) {
    switch (leaf) {
      case "model":
        if (!this.known.model(device, text))
          break;
        this.list.one("");
        if (this.phase === "ready")
          this.askOrder();
        break;
      case "state":
        this.known.state(device, text);
        break;
      case "availability":
        this.known.availability(device, text);
        break;
      case "result":
        return this.commands.result(device, text);
      case "event": {
        const data = parseObject(text);
        if (data)
          this.emit("event", { device, ts: typeof data.ts === "number" ? data.ts : null, data });
        return;
      }
      default:
        return;
    }
    this.changes.one(device);
  }
  /** Takes a gateway's info. false: the message is something else. */
  takeInfo(m) {
    var _a, _b;
    const seen = foundBy(m.topic, m.text());
    if (!seen)
      return false;
    const { root, id: id2, info } = seen;
    const before = this.found.get(m.topic);
    this.found.set(m.topic, info);
    if (!before || JSON.stringify(before.name) !== JSON.stringify(info.name))
      this.emit("gateways", this.gateways());
    if (!this.named && ((_a = this.root) != null ? _a : root) === root && ((_b = this.id) != null ? _b : id2) === id2)
      this.choose(root, id2);
    if (root === this.root && id2 === this.id) {
      this.info = info;
      this.emit("info", info);
    }
    return true;
  }
  takeStatus(text) {
    const before = this.status;
    this.status = text === "offline" ? "offline" : text === "online" ? "online" : null;
    if (this.status === "offline")
      this.known.forget();
    if (this.status === "online" && (before === "offline" || this.phase === "silent")) {
      void this.client.subscribe(this.filters());
      this.phase = "searching";
      this.greet();
    }
    this.derive();
    if (this.status === "offline" && before !== "offline")
      this.commands.down();
  }
  blind() {
    if (this.state.status === "offline" && this.state.reason === "gateway_offline")
      return "gateway_offline";
    return this.client.state.status === "online" ? null : "disconnected";
  }
  /** Works out the state from everything that is known, and reports it if it has changed. */
  derive() {
    const next = this.next();
    const was = this.state;
    if (JSON.stringify(next) === JSON.stringify(was))
      return;
    this.state = next;
    this.emit("state", next);
    this.changes.all(this.known.ids());
  }
  next() {
    const c = this.client.state;
    if (c.status !== "online")
      return c;
    if (this.refused(this.named ? [this.topic("+", "model")] : this.phase === "silent" ? this.looking : []))
      return this.down("not_subscribed");
    if (this.status === "offline")
      return this.down("gateway_offline");
    if (this.phase === "silent")
      return this.down("no_gateway");
    if (this.phase === "ready")
      return { status: "online", since: this.state.status === "online" ? this.state.since : Date.now() };
    return { status: "connecting", since: this.since(), attempt: 1, last: null };
  }
  down(reason) {
    return { status: "offline", since: this.since(), reason, detail: "", retryAt: null, final: false };
  }
  since() {
    return this.state.status === "online" ? Date.now() : this.state.since;
  }
};

// src/minirelay/text.ts
function textOf(name2, lang, fallback = "") {
  var _a, _b, _c, _d;
  if (name2 === void 0)
    return fallback;
  if (typeof name2 === "string")
    return name2;
  return (_d = (_c = (_b = (_a = name2[lang]) != null ? _a : name2.en) != null ? _b : name2.zh) != null ? _c : Object.values(name2)[0]) != null ? _d : fallback;
}
function formatValue(field3, lang) {
  var _a;
  const v = field3.value;
  if (v === null)
    return "—";
  if (typeof v === "boolean")
    return lang === "zh" ? v ? "开" : "关" : v ? "On" : "Off";
  if (typeof v === "number")
    return field3.decimals === void 0 ? String(v) : v.toFixed(Math.min(20, Math.max(0, field3.decimals)));
  const option = (_a = field3.options) == null ? void 0 : _a.find((o) => o.value === v);
  return option ? textOf(option.name, lang, v) : v;
}
export {
  Gateway,
  MqttClient,
  MqttError,
  RequestError,
  addressURL,
  browserSocket,
  decodeUTF8,
  encodeUTF8,
  explain,
  explainReason,
  explainResult,
  explainValue,
  findSocket,
  formatAddress,
  formatValue,
  matches,
  mySocket,
  parseAddress,
  textOf,
  ttSocket,
  uniSocket,
  wxSocket
};
