import { watch } from 'vue'
import { lang } from '@/i18n'
import { current } from './gateways'
import { open, shut, state } from './session'
// #ifdef H5
import { account, entered, resume } from './account'
// #endif

/** Starts what runs as long as the program: the connection to the gateway in use. */
export function start(): void {
  // #ifdef H5
  resume()
  watch(account, (now) => (now ? open(now) : shut()), { immediate: true })
  watch(state, (now) => {
    if (now.status === 'online') entered.value = true
    if (now.status === 'offline' && now.reason === 'wrong_password') entered.value = false
  })
  watch(
    lang,
    (now) => {
      document.documentElement.lang = now === 'zh' ? 'zh-CN' : 'en'
    },
    { immediate: true },
  )
  // #endif
  // #ifndef H5
  const same = () => {
    const k = current.value
    return k ? [k.key, k.address, k.user, k.password, k.gateway].join('\n') : ''
  }
  watch(same, () => (current.value ? open(current.value) : shut()), { immediate: true })
  watch(lang, tabs, { immediate: true })
  // #endif
}

// #ifndef H5
function tabs(): void {
  const texts = lang.value === 'zh' ? ['设备', '动态', '网关', '设置'] : ['Devices', 'Happened', 'Gateways', 'Settings']
  texts.forEach((text, index) => uni.setTabBarItem({ index, text, fail: () => undefined }))
}
// #endif
