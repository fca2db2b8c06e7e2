// The stack of pages, the tabs, and the bars above and below that WeChat draws itself.

const dark = window.matchMedia('(prefers-color-scheme: dark)')

export class Pages {
  stack = []
  title = ''
  #tabs = new Map() // pages of the tab bar stay alive once they were shown
  #nav = document.createElement('wx-nav')
  #bar = document.createElement('wx-tabs')

  constructor(backend, space, program, host) {
    Object.assign(this, { backend, space, program, host })
    this.texts = (program.app.tabBar?.list ?? []).map((t) => t.text)
    document.body.append(this.#nav, this.#bar)
    dark.addEventListener('change', () => this.#draw())
  }

  get current() {
    return this.stack[this.stack.length - 1]
  }

  #isTab = (path) => this.program.app.tabBar?.list.some((t) => t.pagePath === path)

  /** Opens a page on top. */
  open(url) {
    const [path, query] = split(url)
    if (this.#isTab(path) && this.stack.length) throw new Error(`navigateTo:fail can not navigateTo a tabbar page: ${path}`)
    this.#hide(this.current)
    this.stack.push(this.#make(path, query))
    this.#show(this.current)
  }

  /** Closes what is on top. */
  close() {
    if (this.stack.length < 2) return
    this.#end(this.stack.pop())
    this.#show(this.current)
  }

  /** Shows a page of the tab bar and nothing else. */
  tab(url) {
    const [path] = split(url)
    if (!this.#isTab(path)) throw new Error(`switchTab:fail can not switch to no-tabBar page: ${path}`)
    if (this.current?.path === path) return
    this.#hide(this.current)
    for (const page of this.stack.splice(0)) if (!this.#isTab(page.path)) this.#end(page)
    this.stack.push(this.#tabs.get(path) ?? this.#make(path, ''))
    this.#show(this.current)
  }

  retitle(title) {
    this.title = title
    this.#draw()
  }

  #make(path, query) {
    if (!this.program.components[path]) throw new Error(`there is no page ${path}`)
    const element = document.createElement('div')
    element.className = `wx-page${this.#isTab(path) ? ' wx-tabbed' : ''}`
    const place = document.createElement('div')
    element.append(place)
    document.body.append(element)
    const root = this.backend.createRoot('wx-page-root', this.space, path)
    const caller = root.get()
    Object.assign(caller, { route: path, is: path, options: query, __wxWebviewId__: this.stack.length + 1 })
    const page = { path, root, caller, element }
    if (this.#isTab(path)) this.#tabs.set(path, page)
    this.stack.push(page) // a page is on the stack while it loads
    root.attach(element, place)
    caller.onLoad?.(Object.fromEntries(new URLSearchParams(query)))
    this.stack.pop()
    setTimeout(() => caller.onReady?.(), 0)
    return page
  }

  #show(page) {
    page.element.style.display = ''
    page.caller.onShow?.()
    this.#draw()
  }

  #hide(page) {
    if (!page) return
    page.caller.onHide?.()
    page.element.style.display = 'none'
  }

  #end(page) {
    page.caller.onUnload?.()
    page.root.release()
    page.element.remove()
  }

  #draw() {
    const theme = this.program.theme[dark.matches ? 'dark' : 'light'] ?? {}
    const colour = (value, otherwise) => (value?.startsWith('@') ? theme[value.slice(1)] : value) ?? otherwise
    const { window: look = {}, tabBar } = this.program.app
    this.#nav.textContent = this.title
    this.#nav.style.background = colour(look.navigationBarBackgroundColor, '#fff')
    this.#nav.style.color = colour(look.navigationBarTextStyle, 'black')
    if (this.stack.length > 1) {
      const back = document.createElement('wx-back')
      back.textContent = '‹'
      back.onclick = () => this.close()
      this.#nav.prepend(back)
    }
    this.#bar.style.display = tabBar && this.#isTab(this.current?.path) ? '' : 'none'
    this.#bar.style.background = colour(tabBar?.backgroundColor, '#fff')
    this.#bar.replaceChildren(
      ...(tabBar?.list ?? []).map((t, i) => {
        const here = t.pagePath === this.current?.path
        const tab = document.createElement('wx-tab')
        const icon = document.createElement('img')
        icon.src = here ? t.selectedIconPath : t.iconPath
        icon.alt = ''
        tab.append(icon, this.texts[i])
        tab.style.color = colour(here ? tabBar.selectedColor : tabBar.color, '#000')
        tab.onclick = () => this.tab(t.pagePath)
        return tab
      }),
    )
  }
}

function split(url) {
  const [path, query = ''] = url.split('?')
  return [path.replace(/^\//, ''), query]
}
