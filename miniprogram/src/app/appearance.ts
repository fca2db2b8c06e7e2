// How the screens look now: theme, text size, width.

import { computed, ref } from 'vue'
import { systemTextScale } from './platform'
import { settings } from './settings'

const systemDark = ref(false)

// #ifdef H5
const prefersDark = window.matchMedia('(prefers-color-scheme: dark)')
systemDark.value = prefersDark.matches
prefersDark.addEventListener('change', (e) => {
  systemDark.value = e.matches
})
// #endif
// #ifndef H5
try {
  systemDark.value = ((uni.getAppBaseInfo ? uni.getAppBaseInfo() : uni.getSystemInfoSync()) as { theme?: string }).theme === 'dark'
  uni.onThemeChange?.((e: { theme: string }) => {
    systemDark.value = e.theme === 'dark'
  })
} catch {
  // a platform without themes is light
}
// #endif

export const dark = computed(() => (settings.theme === 'system' ? systemDark.value : settings.theme === 'dark'))

const system = systemTextScale()

/** How much larger than usual text is. */
export const scale = computed(() => {
  const own = settings.text === 'large' ? 1.2 : settings.text === 'larger' ? 1.45 : 1
  return Math.min(2, Math.max(0.85, Math.round(system * own * 100) / 100))
})

/** Whether there is room for a list and a device side by side. */
export const wide = ref(false)
// #ifdef H5
const roomy = window.matchMedia('(min-width: 900px)')
wide.value = roomy.matches
roomy.addEventListener('change', (e) => {
  wide.value = e.matches
})
// #endif
