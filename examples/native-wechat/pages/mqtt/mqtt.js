// 三个按钮：连接、订阅、发布。断线、切后台、换网络之后会自动重连并重新订阅。
// Three buttons: connect, subscribe, publish. After a lost connection, a time in the background or a
// change of network it connects and subscribes again automatically.
import { MqttClient, explain, parseAddress } from '../../minirelay.js'

// 列表只保留最近的消息，否则页面会越来越慢。Only the newest messages are kept; otherwise the page gets slower and slower.
const MOST_MESSAGES = 50

// 不要把用户名和密码写进 app.json 或代码里：小程序的包可以被解开。这里由用户输入，只存在这台手机上。
// User and password do not belong in app.json or in the code: anyone can unpack a mini-program. Here the
// user types them, and only this phone keeps them.
const STORED = ['address', 'user', 'password', 'filter', 'topic']

Page({
  data: {
    address: 'ws://192.168.1.10:8080/mqtt',
    user: '',
    password: '',
    filter: 'home/#',
    topic: 'home/pump/set',
    payload: '1',
    connected: false,
    status: '未连接 / not connected',
    hint: '',
    messages: [],
  },

  onLoad() {
    const stored = wx.getStorageSync('mqtt') || {}
    this.setData(stored)
  },

  onUnload() {
    if (this.client) this.client.close()
  },

  onInput(e) {
    this.setData({ [e.currentTarget.dataset.key]: e.detail.value })
  },

  // 第一个按钮 / the first button
  onConnect() {
    if (this.client) this.client.close()
    const address = parseAddress(this.data.address)
    if (address.error) {
      this.setData({ status: '地址不对 / bad address', hint: this.data.address })
      return
    }
    this.remember()
    const client = new MqttClient({ url: address.url, user: this.data.user, password: this.data.password })
    this.client = client
    client.on('state', (state) => {
      const words = explain(state, 'zh')
      this.setData({ connected: state.status === 'online', status: words.title || '已连接 / connected', hint: words.hint })
      if (state.status === 'online') this.onOnline()
    })
    client.on('message', (message) => this.onMessage(message))
    client.on('refused', (filter) => this.show('订阅被拒绝 / subscription refused', filter))
    client.connect()
  },

  onDisconnect() {
    if (this.client) this.client.close()
  },

  // 第二个按钮 / the second button
  async onSubscribe() {
    if (!this.client) return
    this.remember()
    try {
      await this.client.subscribe(this.data.filter, 1)
    } catch (e) {
      this.show('订阅失败 / not subscribed', e.message)
    }
  },

  // 第三个按钮 / the third button
  async onPublish() {
    if (!this.client) return
    this.remember()
    try {
      // 断线时立即失败，不会排队：开关水泵的消息绝不能晚到。要排队（例如上报读数），加上 whileOffline: 'queue'。
      // Without a connection it fails at once and is not queued: a message that switches a pump must never arrive late.
      // To queue it (a reading, say) add whileOffline: 'queue'.
      await this.client.publish(this.data.topic, this.data.payload, { qos: 1 })
    } catch (e) {
      this.show('没有发出 / not published', e.message)
    }
  },

  // ↓↓↓ 你的代码写在这里 / your own code goes here ↓↓↓

  // 每次连上之后，包括自动重连。After each connect, including automatic reconnects.
  onOnline() {},

  // 每收到一条消息。For each message.
  onMessage(message) {
    const text = message.text() // 字节在 message.payload 里 / the bytes are in message.payload
    // if (message.topic === 'home/temperature') this.setData({ temperature: Number(text) })
    this.show(message.topic, text)
  },

  // ↑↑↑ 你的代码写在这里 / your own code goes here ↑↑↑

  show(topic, text) {
    this.count = (this.count || 0) + 1
    const messages = [{ id: this.count, topic, text }].concat(this.data.messages).slice(0, MOST_MESSAGES)
    this.setData({ messages })
  },

  remember() {
    const stored = {}
    for (const key of STORED) stored[key] = this.data[key]
    wx.setStorageSync('mqtt', stored)
  },
})
