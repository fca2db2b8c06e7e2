// wx.*: what the mini-program asks of WeChat.

import { fail, succeed } from './answer.js'
import { queryFor } from './query.js'
import { connectSocket } from './socket.js'

const dark = window.matchMedia('(prefers-color-scheme: dark)')

const system = () => ({
  brand: 'devtools',
  model: 'browser',
  platform: 'devtools',
  system: 'iOS 16.0',
  version: '8.0.50',
  SDKVersion: '3.8.0',
  pixelRatio: devicePixelRatio,
  screenWidth: innerWidth,
  screenHeight: innerHeight,
  windowWidth: innerWidth,
  windowHeight: innerHeight,
  statusBarHeight: 20,
  safeArea: { left: 0, right: innerWidth, top: 20, bottom: innerHeight, width: innerWidth, height: innerHeight - 20 },
  language: navigator.language.replace('-', '_'),
  theme: dark.matches ? 'dark' : 'light',
  fontSizeSetting: 16,
  host: { env: 'WeChat' },
})

export function wxFor({ program, pages, host, listeners }) {
  const launch = () => ({ path: program.app.pages[0], scene: 1001, query: {} })
  dark.addEventListener('change', () => listeners.theme.forEach((f) => f({ theme: dark.matches ? 'dark' : 'light' })))
  return {
    ...about(launch),
    ...storage(host.storage),
    ...going(pages),
    ...talking(host),
    connectSocket: (o) => connectSocket(host, o),
    createSelectorQuery: () => queryFor(null, pages),
    onNetworkStatusChange: (f) => listeners.network.push(f),
    offNetworkStatusChange: (f) => take(listeners.network, f),
    onAppShow: (f) => listeners.show.push(f),
    offAppShow: (f) => take(listeners.show, f),
    onAppHide: (f) => listeners.hide.push(f),
    offAppHide: (f) => take(listeners.hide, f),
    onThemeChange: (f) => listeners.theme.push(f),
    setNavigationBarTitle: (o) => {
      pages.retitle(o.title)
      succeed(o)
    },
    setNavigationBarColor: (o) => succeed(o),
    setTabBarItem: (o) => {
      pages.texts[o.index] = o.text
      pages.retitle(pages.title)
      succeed(o)
    },
  }
}

const take = (list, f) => {
  const at = list.indexOf(f)
  if (at >= 0) list.splice(at, 1)
}

const about = (launch) => ({
  getSystemInfoSync: system,
  getWindowInfo: system,
  getDeviceInfo: system,
  getAppBaseInfo: system,
  getSystemInfo: (o) => succeed(o, system()),
  getSystemSetting: () => ({}),
  getAppAuthorizeSetting: () => ({}),
  getLaunchOptionsSync: launch,
  getEnterOptionsSync: launch,
  getAccountInfoSync: () => ({ miniProgram: { envVersion: 'develop' } }),
  getNetworkType: (o) => succeed(o, { networkType: 'wifi' }),
  canIUse: () => true,
  nextTick: (f) => setTimeout(f, 0),
  onError() {},
  onUnhandledRejection() {},
  onPageNotFound() {},
  onMemoryWarning() {},
  env: { USER_DATA_PATH: '/' },
  getMenuButtonBoundingClientRect: () => ({ top: 24, height: 32, width: 87, left: innerWidth - 94, right: innerWidth - 7, bottom: 56 }),
})

const storage = (kept) => ({
  getStorageSync: (key) => (key in kept ? kept[key] : ''),
  setStorageSync: (key, value) => {
    kept[key] = value
  },
  removeStorageSync: (key) => {
    delete kept[key]
  },
  getStorage: (o) => (o.key in kept ? succeed(o, { data: kept[o.key] }) : fail(o, 'getStorage:fail data not found')),
  setStorage: (o) => {
    kept[o.key] = o.data
    succeed(o)
  },
})

function going(pages) {
  const go =
    (name, f) =>
    (o = {}) => {
      try {
        f(o)
        succeed(o, { errMsg: `${name}:ok` })
      } catch (e) {
        fail(o, String(e.message))
      }
    }
  return {
    navigateTo: go('navigateTo', (o) => pages.open(o.url)),
    navigateBack: go('navigateBack', () => pages.close()),
    switchTab: go('switchTab', (o) => pages.tab(o.url)),
  }
}

const talking = (host) => ({
  showToast: (o) => {
    host.toasts.push(o.title)
    succeed(o)
  },
  showModal: (o) => {
    if ((o.confirmText?.length ?? 0) > 4 || (o.cancelText?.length ?? 0) > 4)
      return fail(o, 'showModal:fail confirmText length should not be larger than 4')
    host.questions.push(o.content)
    return succeed(o, { confirm: host.answer, cancel: !host.answer })
  },
  scanCode: (o) => (host.scan ? succeed(o, { result: host.scan }) : fail(o, 'scanCode:fail cancel')),
})
