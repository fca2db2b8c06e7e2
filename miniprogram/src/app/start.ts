import { watch } from 'vue'
import { lang, speak, t, type Lang } from '@/i18n'
import { current, type Kept } from './gateways'
import { claimTab, phoneId } from './phone'
import { systemLanguage } from './platform'
import { session } from './session'
import { settings } from './settings'
// #ifdef H5
import { account, entered, ownPath, resume } from './account'
// #endif

/** The language of the screens: as chosen, else the system's, else English. */
const language = (): Lang => (settings.language !== 'system' ? settings.language : /^zh/i.test(systemLanguage()) ? 'zh' : 'en')

/** Starts what runs as long as the program: the language, the clock, and the connection to the gateway in use. */
export function start(): void {
  speak(language)
  setInterval(() => session.tick(), 1000)
  // #ifdef H5
  startPage()
  // #endif
  // #ifndef H5
  startMiniProgram()
  // #endif
}

// #ifdef H5
function startPage(): void {
  resume()
  const claimed = claimTab(navigator.locks)
  watch(
    account,
    async (now) => {
      session.close()
      const tab = await claimed
      if (!now || account.value !== now) return
      session.open(now, tab === null ? undefined : phoneId(ownPath() + now.user, tab))
    },
    { immediate: true },
  )
  watch(
    () => session.state,
    (now) => {
      if (now.status === 'online') entered.value = true
      if (now.status === 'offline' && now.reason === 'wrong_password') entered.value = false
    },
  )
  watch(lang, (now) => document.documentElement.setAttribute('lang', now === 'zh' ? 'zh-CN' : 'en'), { immediate: true })
}
// #endif

// #ifndef H5
const tabs = ['devices', 'activity', 'gateways', 'settings'] as const

function startMiniProgram(): void {
  const same = () => {
    const k = current.value
    return k ? [k.key, k.address, k.user, k.password, k.gateway].join('\n') : ''
  }
  const open = (k: Kept) => session.open(k, phoneId(`${k.key}:${k.user}`))
  watch(same, () => (current.value ? open(current.value) : session.close()), { immediate: true })
  watch(lang, () => tabs.forEach((tab, index) => uni.setTabBarItem({ index, text: t(tab), fail: () => undefined })), { immediate: true })
}
// #endif
