import { shallowRef } from 'vue'
import { t } from '@/i18n'

export interface Question {
  text: string
  yes: string
  answer(yes: boolean): void
}

/** The question that is being asked. On the page ConfirmDialog shows it; mini-programs have a dialog of their own. */
export const question = shallowRef<Question | null>(null)

/** Asks a question. True for yes; closing it is no. */
export function confirm(text: string, yes: string = t('confirm_yes')): Promise<boolean> {
  question.value?.answer(false)
  return new Promise((resolve) => {
    // #ifdef H5
    question.value = {
      text,
      yes,
      answer: (r) => {
        question.value = null
        resolve(r)
      },
    }
    // #endif
    // #ifndef H5
    uni.showModal({
      content: text,
      confirmText: t('yes'), // WeChat takes four characters and no more
      cancelText: t('no'),
      success: (r) => resolve(r.confirm),
      fail: () => resolve(false),
    })
    // #endif
  })
}
