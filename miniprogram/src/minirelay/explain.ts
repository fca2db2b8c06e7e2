// Words for people: what is wrong, and what to try.

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
  background: {
    zh: ['已转入后台，连接已断开', '回到前台后会自动重新连接。'],
    en: ['In the background', 'It reconnects when you come back.'],
  },
  no_network: {
    zh: ['手机没有网络', '请打开 Wi-Fi 或移动数据。'],
    en: ['The phone has no network', 'Turn on Wi-Fi or mobile data.'],
  },
  unreachable: {
    zh: ['无法连接网关', '请检查地址和端口。在局域网里，手机要和网关连同一个 Wi-Fi，并允许微信访问本地网络。证书不受手机信任时也会这样。'],
    en: [
      'The gateway cannot be reached',
      'Check the address and the port. On a LAN, the phone must be on the same Wi-Fi as the gateway and be allowed to use ' +
        'the local network. A certificate that the phone does not trust looks the same.',
    ],
  },
  timeout: {
    zh: ['网关没有应答', '请检查端口是否正确、网关是否在运行。信号差时稍等片刻，会自动重试。'],
    en: [
      'The gateway does not answer',
      'Check the port and that the gateway is running. With a weak signal, wait: it retries automatically.',
    ],
  },
  lost: { zh: ['连接已断开', '正在重新连接。'], en: ['The connection was lost', 'Reconnecting.'] },
  certificate: {
    zh: ['证书不受信任', '证书要由公认的机构签发、证书链完整、没有过期，手机的时间也要正确。在局域网里可以改用 ws 地址。'],
    en: [
      'The certificate is not trusted',
      'It must be issued by a well-known authority, include its whole chain and be valid today, and the clock of the phone must be ' +
        'right. On a LAN you can use a ws address instead.',
    ],
  },
  not_allowed_domain: {
    zh: ['该域名不在小程序的合法域名里', '请在小程序后台的“服务器域名”里添加这个 wss 域名。调试时可以在开发者工具里勾选“不校验合法域名”。'],
    en: [
      'The mini-program is not allowed to use this domain',
      'Add this wss domain to the server domains of the mini-program. While debugging, you can turn off the check in DevTools.',
    ],
  },
  wrong_password: {
    zh: ['用户名或密码不对', '请重新输入。在此之前不会自动重试。'],
    en: ['Wrong user name or password', 'Enter them again. Until then there are no further attempts.'],
  },
  not_authorized: {
    zh: ['不允许登录', '这个用户缺少所需的权限。请检查网关的配置。'],
    en: ['Not allowed to log in', 'This user lacks a required permission. Check the configuration of the gateway.'],
  },
  bad_client_id: {
    zh: ['客户端标识不被接受', '请换一个客户端标识，或者不指定。'],
    en: ['The client id was not accepted', 'Choose another client id, or leave it out.'],
  },
  busy: {
    zh: ['网关暂时不接受新的连接', '可能是连接太多，或者输错密码的次数太多。会自动重试。'],
    en: [
      'The gateway accepts no new connections now',
      'There may be too many connections, or too many wrong passwords. It retries automatically.',
    ],
  },
  not_mqtt: {
    zh: ['这个地址上不是 MQTT 服务器', '请检查地址、端口和路径（通常是 /mqtt）。'],
    en: ['This is not an MQTT broker', 'Check the address, the port and the path (usually /mqtt).'],
  },
  bad_address: {
    zh: ['地址无效', '示例：wss://example.com:8443/mqtt 或 ws://192.168.1.10:8080/mqtt。'],
    en: ['The address is not valid', 'Examples: wss://example.com:8443/mqtt, ws://192.168.1.10:8080/mqtt.'],
  },
  insecure: {
    zh: ['https 网页不能连接 ws 地址', '请改用 wss 地址，或者直接打开那个网关自己的网页。'],
    en: ['A page loaded over https cannot open ws', 'Use a wss address, or open the page of that gateway.'],
  },
  too_many_sockets: {
    zh: ['小程序的连接数已用完', '一个小程序最多同时有 5 个连接。请关闭不用的连接，之后会自动重试。'],
    en: [
      'The mini-program has too many connections',
      'A mini-program can have five at a time. Close those you do not need; it retries automatically.',
    ],
  },
  no_adapter: {
    zh: ['这个平台没有 WebSocket', '请在微信、支付宝、抖音小程序或浏览器里使用。'],
    en: ['This platform has no WebSocket', 'Use a WeChat, Alipay or Douyin mini-program, or a browser.'],
  },
  not_subscribed: {
    zh: ['这个用户无权查看这个网关', '请检查网关 id，以及配置里这个用户的权限。'],
    en: ['This user is not allowed to see this gateway', 'Check the gateway id and the permissions of the user in the configuration.'],
  },
  no_gateway: {
    zh: ['已连上服务器，但没有网关应答', '请检查网关 id，以及网关是否在运行。'],
    en: ['Connected, but no gateway answers', 'Check the gateway id and that the gateway is running.'],
  },
  gateway_offline: {
    zh: ['网关离线', '服务器可以连接，但网关没有连上服务器。请检查网关的电源和网络。'],
    en: ['The gateway is offline', 'The server is up, but the gateway is not connected to it. Check its power and its network.'],
  },
}

const connecting: Record<Lang, [string, string]> = { zh: ['正在连接…', ''], en: ['Connecting…', ''] }

const values: Record<ValueReason, Record<Lang, string>> = {
  disconnected: { zh: '未连接网关', en: 'not connected' },
  gateway_offline: { zh: '网关离线', en: 'the gateway is offline' },
  device_offline: { zh: '设备离线', en: 'the device is offline' },
  no_reading: { zh: '没有有效读数', en: 'no valid reading' },
  waiting: { zh: '等待数据', en: 'waiting for data' },
}

const codes: Record<ResultCode, Record<Lang, string>> = {
  bad_request: { zh: '请求格式不对', en: 'the request was malformed' },
  unknown_device: { zh: '没有这个设备', en: 'unknown device' },
  unknown_command: { zh: '设备没有这个命令', en: 'the device does not have this command' },
  bad_value: { zh: '值无效', en: 'the value is not valid' },
  out_of_range: { zh: '值超出允许范围', en: 'the value is out of range' },
  forbidden: { zh: '没有权限', en: 'not allowed' },
  expired: { zh: '到得太晚，未执行', en: 'it arrived too late and was not executed' },
  retained: { zh: '保留消息不会执行', en: 'retained commands are never executed' },
  superseded: { zh: '已被更新的命令取代', en: 'replaced by a newer command' },
  busy: { zh: '正忙，未执行', en: 'busy, not executed' },
  offline: { zh: '离线，未执行', en: 'offline, not executed' },
  stopping: { zh: '网关正在停止', en: 'the gateway is stopping' },
  refused: { zh: '设备拒绝', en: 'the device refused' },
  mismatch: { zh: '设备已应答，但回读的值不符', en: 'the device answered, but reads back a different value' },
  io_error: { zh: '线路出错', en: 'the line failed' },
  no_answer: { zh: '没有应答，无法确定是否已执行', en: 'no answer: it is not known whether it was executed' },
  connection_lost: { zh: '连接断开，无法确定是否已执行', en: 'the connection was lost: it is not known whether it was executed' },
}

const statuses: Record<CommandResult['status'], Record<Lang, string>> = {
  done: { zh: '完成', en: 'done' },
  sent: { zh: '已发出（设备不应答）', en: 'sent (the device gives no answer)' },
  rejected: { zh: '未执行', en: 'not executed' },
  failed: { zh: '失败', en: 'failed' },
  unknown: { zh: '无法确定是否已执行', en: 'it is not known whether it was executed' },
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

/** How a command ended, in words, with the hardware's own words if it gave any. */
export function explainResult(r: CommandResult, lang: Lang): string {
  const text = (r.code && codes[r.code]?.[lang]) ?? statuses[r.status][lang]
  // The board's own words are worth showing in any language. The gateway's sentences are English: `message` has them.
  return r.code === 'refused' && r.message ? `${text}${lang === 'zh' ? '：' : ': '}${r.message}` : text
}

function words([title]: [string, string], hint: string): Words {
  return { title, hint }
}
