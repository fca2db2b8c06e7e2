// Words for people: what is the matter, and what to try.

import type { GatewayReason, GatewayState } from './state'
import type { CommandResult, ResultCode } from './results'
import type { ValueReason } from './views'

export type Lang = 'zh' | 'en'

export interface Words {
  title: string
  /** What to try; '' if there is nothing to do. */
  hint: string
}

type Texts<K extends string> = Record<K, Record<Lang, [title: string, hint: string]>>

const reasons: Texts<GatewayReason> = {
  closed: { zh: ['未连接', ''], en: ['Not connected', ''] },
  background: { zh: ['在后台，已断开', '回到前台会自动重新连接。'], en: ['In the background', 'It connects again when you come back.'] },
  no_network: {
    zh: ['手机没有网络', '打开 Wi-Fi 或移动数据。'],
    en: ['The phone has no network', 'Switch on Wi-Fi or mobile data.'],
  },
  unreachable: {
    zh: [
      '连不上网关',
      '检查地址和端口；在局域网里，手机要和网关连同一个 Wi-Fi，并且允许微信访问本地网络。自签证书要先让手机信任，否则看起来也像连不上。',
    ],
    en: [
      'The gateway cannot be reached',
      'Check address and port. On a LAN, the phone must be in the same Wi-Fi as the gateway, and be allowed to use the local network. A certificate that the device does not trust looks the same.',
    ],
  },
  timeout: {
    zh: ['网关没有应答', '检查端口是否正确，网关是否在运行；信号差时稍等，会自动重试。'],
    en: ['The gateway does not answer', 'Check the port, and whether the gateway runs. With a bad signal just wait: it tries again.'],
  },
  lost: { zh: ['连接断了', '正在重新连接。'], en: ['The connection broke', 'It is being made again.'] },
  certificate: {
    zh: ['证书不受信任', '证书要由公认的机构签发、包含完整证书链、没有过期，并且手机的时间要正确。局域网里可以改用 ws 地址。'],
    en: [
      'The certificate is not trusted',
      "It must come from a well-known authority with its whole chain, and be valid today; the phone's clock must be right. On a LAN a ws address does without.",
    ],
  },
  not_allowed_domain: {
    zh: ['域名不在小程序的合法域名里', '在小程序后台的“服务器域名”里添加这个 wss 域名；调试时可以在开发者工具里勾选“不校验合法域名”。'],
    en: [
      'The mini-program may not use this domain',
      "Add this wss domain to the server domains in the mini-program's settings; while debugging, DevTools can skip the check.",
    ],
  },
  wrong_password: {
    zh: ['用户名或密码不对', '重新输入。密码不对时不会自动重试。'],
    en: ['Wrong user or password', 'Type them again. Nothing is tried again until you do.'],
  },
  not_authorized: {
    zh: ['不允许登录', '这个用户没有所需的权限，请检查网关的配置。'],
    en: ['Not allowed to log in', "This user lacks a right that is asked for. Check the gateway's configuration."],
  },
  bad_client_id: {
    zh: ['客户端标识不被接受', '换一个客户端标识，或者不要自己指定。'],
    en: ['The client id is not accepted', 'Choose another client id, or none.'],
  },
  busy: {
    zh: ['网关现在不接受新的连接', '可能连接太多，或者密码错了太多次。稍后会自动重试。'],
    en: ['The gateway takes no connection now', 'There may be too many, or there were too many wrong passwords. It tries again by itself.'],
  },
  not_mqtt: {
    zh: ['对方不是 MQTT 服务器', '检查地址、端口和路径（通常是 /mqtt）。'],
    en: ['What answers is no MQTT broker', 'Check address, port and path (usually /mqtt).'],
  },
  bad_address: {
    zh: ['地址写得不对', '例如 wss://example.com:8443/mqtt 或 ws://192.168.1.10:8080/mqtt。'],
    en: ['The address is not valid', 'For example wss://example.com:8443/mqtt or ws://192.168.1.10:8080/mqtt.'],
  },
  insecure: {
    zh: ['https 网页不能连接 ws 地址', '改用 wss 地址，或者直接打开那个网关自己的网页。'],
    en: ['A page that came over https cannot open ws', 'Use a wss address, or open the page of that gateway itself.'],
  },
  too_many_sockets: {
    zh: ['小程序的连接数用完了', '一个小程序最多同时有 5 个连接。关掉不用的，会自动重试。'],
    en: ['The mini-program has no socket left', 'It may have five at a time. Close what is not used; it tries again by itself.'],
  },
  no_adapter: {
    zh: ['这个平台没有 WebSocket', '请在微信、支付宝、抖音小程序或浏览器里使用。'],
    en: ['There is no WebSocket here', 'Use it in a mini-program of WeChat, Alipay or Douyin, or in a browser.'],
  },
  not_subscribed: {
    zh: ['这个用户看不到这个网关', '检查网关标识，以及配置里这个用户的权限。'],
    en: ['This user may not see this gateway', "Check the gateway's id and the user's rights in the configuration."],
  },
  no_gateway: {
    zh: ['连上了，但没有网关应答', '检查网关标识，以及网关是否在运行。'],
    en: ['Connected, but no gateway answers', "Check the gateway's id, and whether it runs."],
  },
  gateway_offline: {
    zh: ['网关离线', '服务器连得上，但网关没有连到服务器：检查它的电源和网络。'],
    en: ['The gateway is offline', 'The server is there, but the gateway has no connection to it: check its power and network.'],
  },
}

const connecting: Record<Lang, [string, string]> = { zh: ['正在连接…', ''], en: ['Connecting…', ''] }

const values: Record<ValueReason, Record<Lang, string>> = {
  disconnected: { zh: '未连接网关', en: 'not connected' },
  gateway_offline: { zh: '网关离线', en: 'the gateway is offline' },
  device_offline: { zh: '设备离线', en: 'the device is offline' },
  no_reading: { zh: '没有有效读数', en: 'no good reading' },
  waiting: { zh: '等待数据', en: 'waiting for data' },
}

const codes: Record<ResultCode, Record<Lang, string>> = {
  bad_request: { zh: '请求格式不对', en: 'the request was malformed' },
  unknown_device: { zh: '没有这个设备', en: 'there is no such device' },
  unknown_command: { zh: '设备没有这个命令', en: 'the device has no such command' },
  bad_value: { zh: '值不对', en: 'the value is not valid' },
  out_of_range: { zh: '超出允许范围', en: 'the value is out of range' },
  forbidden: { zh: '没有权限', en: 'not allowed' },
  expired: { zh: '来得太晚，没有执行', en: 'it came too late and was not executed' },
  retained: { zh: '保留消息不会执行', en: 'retained commands are never executed' },
  superseded: { zh: '被更新的命令取代', en: 'a newer command took its place' },
  busy: { zh: '正忙，没有执行', en: 'busy; it was not executed' },
  offline: { zh: '离线，没有执行', en: 'offline; it was not executed' },
  stopping: { zh: '网关正在停止', en: 'the gateway is being stopped' },
  refused: { zh: '设备拒绝', en: 'the device refused' },
  mismatch: { zh: '设备应答了，但状态不符', en: 'the device answered, but reads back otherwise' },
  io_error: { zh: '线路出错', en: 'the line broke' },
  no_answer: { zh: '没有应答，不知道是否执行', en: 'no answer: nobody can know whether it was executed' },
  connection_lost: { zh: '连接断了，不知道是否执行', en: 'the connection broke: nobody can know whether it was executed' },
}

const statuses: Record<CommandResult['status'], Record<Lang, string>> = {
  done: { zh: '完成', en: 'done' },
  sent: { zh: '已发出（设备不应答）', en: 'sent (the device gives no answer)' },
  rejected: { zh: '没有执行', en: 'not executed' },
  failed: { zh: '失败', en: 'failed' },
  unknown: { zh: '不知道是否执行', en: 'nobody can know whether it was executed' },
}

/** The state in words; empty when all is well. */
export function explain(state: GatewayState, lang: Lang): Words {
  switch (state.status) {
    case 'online':
      return { title: '', hint: '' }
    case 'connecting':
      return words(connecting[lang], state.last === null ? '' : explainReason(state.last, lang).hint)
  }
  return explainReason(state.reason, lang)
}

export function explainReason(reason: GatewayReason, lang: Lang): Words {
  const [title, hint] = reasons[reason][lang]
  return { title, hint }
}

export function explainValue(reason: ValueReason, lang: Lang): string {
  return values[reason][lang]
}

/** How a command ended, in words; with what the hardware said, where it said something. */
export function explainResult(r: CommandResult, lang: Lang): string {
  const text = (r.code && codes[r.code]?.[lang]) ?? statuses[r.status][lang]
  // The board's own words are worth showing in any language; the gateway's English ones are for other clients.
  return r.code === 'refused' && r.message ? `${text}${lang === 'zh' ? ':' : ': '}${r.message}` : text
}

function words([title]: [string, string], hint: string): Words {
  return { title, hint }
}
