// The browser's own elements, for the page only. uni-h5 replaces <button>, <input>, <switch> and <canvas> in templates
// by its own, which have no role and hear no keyboard; a component of another name is left alone.

import { h, type FunctionalComponent } from 'vue'

function native(tag: string): FunctionalComponent<Record<string, unknown>> {
  const element: FunctionalComponent<Record<string, unknown>> = (_, { attrs, slots }) => h(tag, attrs, slots.default?.())
  element.inheritAttrs = false
  return element
}

export const NativeButton = native('button')
export const NativeInput = native('input')
export const NativeLabel = native('label')
export const NativeCanvas = native('canvas')
export const NativeForm = native('form')
export const NativeHeading = native('h1')
export const NativeSubheading = native('h2')
