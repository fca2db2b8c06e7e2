// Clients of MQTT.js for the end-to-end test. DEMO is the line that `minirelay demo` prints for MQTT.js; the
// script named on the command line prints one line of JSON.
const mqtt = require("mqtt");

const line = process.env.DEMO;
const url = /connect\("([^"]+)"/.exec(line)[1];
const username = /username:"([^"]+)"/.exec(line)[1];
const password = /password:"([^"]+)"/.exec(line)[1];
const ca = require("fs").readFileSync(/NODE_EXTRA_CA_CERTS=(\S+)/.exec(line)[1]);
const options = { username, password, ca, reconnectPeriod: 0 };

// connect returns a connected client, or throws the gateway's answer.
function connect(extra) {
  const client = mqtt.connect(url, { ...options, ...extra });
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.once("error", reject);
  });
}

// online waits until the greenhouse takes commands.
async function online(client) {
  const topic = "minirelay/demo/greenhouse/availability";
  const there = new Promise((resolve) => {
    client.on("message", (t, payload) => t === topic && payload.toString() === "online" && resolve());
  });
  await client.subscribeAsync(topic, { qos: 1 });
  await there;
}

// guest connects as a user who was added to the config a moment ago, and retries until the config is in use.
async function guest(options) {
  for (let left = 200; ; left--) {
    try {
      return await connect({ ...options, username: "guest", password: "guest's password" });
    } catch (e) {
      if (left === 0) throw e;
      await new Promise((again) => setTimeout(again, 100));
    }
  }
}

const scripts = {
  async versions() {
    const got = {};
    for (const protocolVersion of [3, 4, 5]) {
      const client = await connect({ protocolVersion, protocolId: protocolVersion === 3 ? "MQIsdp" : "MQTT" });
      const state = new Promise((resolve) => client.on("message", (_, payload) => resolve(payload.toString())));
      await client.subscribeAsync("minirelay/demo/greenhouse/state", { qos: 1 });
      got[protocolVersion] = await state;
      await client.endAsync();
    }
    return got;
  },

  async response() {
    const client = await connect({ protocolVersion: 5, clientId: "asker" });
    const topic = "minirelay/demo/reply/asker";
    await online(client);
    await client.subscribeAsync(topic, { qos: 1 });
    const answer = new Promise((resolve) =>
      client.on("message", (t, payload, packet) =>
        t === topic && resolve({
          status: JSON.parse(payload).status,
          correlation: packet.properties.correlationData.toString(),
        }),
      ),
    );
    await client.publishAsync(
      "minirelay/demo/greenhouse/command",
      JSON.stringify({ id: "e2e-" + Date.now(), command: "pump", value: true }),
      { qos: 1, properties: { responseTopic: topic, correlationData: Buffer.from("42") } },
    );
    const got = await answer;
    await client.endAsync();
    return got;
  },

  async refusals() {
    const wrongPassword = await connect({ password: "wrong" }).catch((e) => e.message);
    const client = await guest({ protocolVersion: 5 });
    const sys = await client.subscribeAsync("$SYS/#").then(
      (granted) => granted[0].qos,
      (e) => e.code ?? 128,
    );
    const spoof = await client
      .publishAsync("minirelay/demo/greenhouse/state", "{}", { qos: 1 })
      .then(() => 0, (e) => e.code);
    await client.endAsync();
    return { wrongPassword, SYS: sys, spoof };
  },
};

scripts[process.argv[2]]().then(
  (got) => {
    console.log(JSON.stringify(got));
    process.exit(0);
  },
  (e) => {
    console.error(e);
    process.exit(1);
  },
);
