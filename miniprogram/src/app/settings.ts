import { reactive, watch } from 'vue'
import { read, write } from './platform'

export interface Settings {
  language: 'system' | 'zh' | 'en'
  theme: 'system' | 'light' | 'dark'
  text: 'system' | 'large' | 'larger'
}

const usual: Settings = { language: 'system', theme: 'system', text: 'system' }

/** What a person has chosen for the screens on this phone or in this browser. */
export const settings = reactive<Settings>({ ...usual, ...read<Partial<Settings>>('minirelay.settings', {}) })

watch(settings, (now) => write('minirelay.settings', now))
