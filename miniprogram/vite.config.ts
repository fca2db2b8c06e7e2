import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import uniPlugin from '@dcloudio/vite-plugin-uni'

// @dcloudio/vite-plugin-uni is CommonJS: Node gives its exports under default, once or twice.
const uni = (uniPlugin as unknown as { default?: typeof uniPlugin }).default ?? uniPlugin

// Hosts that may be named without being called: XML namespaces, the documentation in warnings of Vue, and the examples
// of addresses that people read.
const named = ['www.w3.org', 'vuejs.org', '192.168.1.10', 'iot.example.cn', 'example.com']

/**
 * Keeps the built page from calling anybody but its own gateway. uni-h5's stylesheet names pictures on its maker's
 * server, for components that are not used here; they are cut out. Any other address of a foreign host ends the build.
 */
function ownHostOnly(): Plugin {
  return {
    name: 'own-host-only',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === 'asset' && file.fileName.endsWith('.css')) {
          file.source = String(file.source).replace(/url\(["']?https?:\/\/[^)]*\)/g, 'none')
        }
        const text = file.type === 'chunk' ? file.code : String(file.source)
        for (const [, host] of text.matchAll(/(?:https?|wss?):\/\/([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+)/gi)) {
          if (!named.includes(host)) this.error(`${file.fileName} names the foreign host ${host}`)
        }
      }
    },
  }
}

const page = process.env.UNI_PLATFORM === 'h5'

export default defineConfig({
  plugins: [uni(), ...(page ? [ownHostOnly()] : [])],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2017',
    // The page is small enough for one file: one request, and one name that changes with it.
    ...(page && { cssCodeSplit: false, rollupOptions: { output: { inlineDynamicImports: true } } }),
  },
})
