// Elements that are more than a box: each is a component around the browser's own element.

const element = (self) => self._$.getBackendElement()

// The browser's own events of these elements are taken before the framework sees them: to a mini-program they come as
// events of the component, with other contents.
const heard = new Map()
for (const type of ['input', 'change']) {
  window.addEventListener(
    type,
    (e) => {
      if (!heard.has(e.target)) return
      e.stopImmediatePropagation()
      heard.get(e.target)[type]?.()
    },
    true,
  )
}

/** A property that is put onto the inner element whenever it changes. */
const onto = (name) =>
  function (value) {
    if (this.inner && this.inner[name] !== value) this.inner[name] = value
  }

const definitions = {
  input: {
    // the component's element is an <input> already
    properties: { value: String, type: String, placeholder: String, password: Boolean, disabled: Boolean, ariaLabel: String },
    observers: { value: onto('value'), disabled: onto('disabled'), placeholder: onto('placeholder') },
    lifetimes: {
      attached() {
        const inner = (this.inner = element(this))
        const { password, value, placeholder, disabled } = this.data
        Object.assign(inner, { type: password ? 'password' : 'text', value, placeholder, disabled })
        heard.set(inner, { input: () => this.triggerEvent('input', { value: inner.value }) })
        inner.onkeydown = (e) => e.key === 'Enter' && this.triggerEvent('confirm', { value: inner.value })
      },
    },
  },
  slider: {
    properties: { value: Number, min: Number, max: Number, step: Number, disabled: Boolean, activeColor: String, ariaLabel: String },
    observers: { value: onto('value'), disabled: onto('disabled') },
    lifetimes: {
      attached() {
        const inner = (this.inner = document.createElement('input'))
        inner.type = 'range'
        Object.assign(inner.style, { width: '100%', accentColor: this.data.activeColor })
        for (const name of ['min', 'max', 'step', 'value', 'disabled']) inner[name] = this.data[name]
        heard.set(inner, {
          input: () => this.triggerEvent('changing', { value: Number(inner.value) }),
          change: () => this.triggerEvent('change', { value: Number(inner.value) }),
        })
        element(this).append(inner)
      },
    },
  },
}

/** Makes the elements known to every component of space. */
export function builtins(globalSpace, space, emptyTemplate) {
  for (const [tag, definition] of Object.entries(definitions)) {
    globalSpace.addComponentStaticConfig(tag, { component: true, styleIsolation: 'shared' })
    globalSpace.addCompiledTemplate(tag, emptyTemplate)
    globalSpace.componentEnv(tag, ({ Component }) => Component(definition))
    space.getComponentSpace().setGlobalUsingComponent(tag, globalSpace.getComponentSpace().getComponentByUrl(tag, ''))
  }
}
