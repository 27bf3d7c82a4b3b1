import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const server = process.env['FAIRGATE_URL'] ?? 'http://localhost:8080'

/** The server answers every `/wait/…` with the waiting room page; the development server does the same. */
const waitingRoomPaths: Plugin = {
  name: 'waiting-room-paths',
  configureServer(dev) {
    dev.middlewares.use((request, _response, next) => {
      if (request.url?.startsWith('/wait/')) request.url = '/waiting-room/index.html'
      next()
    })
  },
}

export default defineConfig(({ command }) => {
  // Tests build the app too; their NODE_ENV would make it React's development build, half again as large.
  if (command === 'build') process.env['NODE_ENV'] = 'production'
  return {
    root: here('.'),
    base: '/',
    plugins: [react(), waitingRoomPaths],
    resolve: {
      // The browser uses the contracts for paths and types and leaves checking to the server: without the schema library
      // the app is 17 kB of 146 smaller over the wire.
      alias: { typebox: here('src/api/no-schemas.ts') },
    },
    build: {
      outDir: here('dist'),
      emptyOutDir: true,
      target: 'es2023',
      // Scripts are never inlined: the content security policy forbids it.
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      rolldownOptions: { input: { app: here('index.html'), 'waiting-room': here('waiting-room/index.html') } },
    },
    server: {
      proxy: Object.fromEntries(['/api', '/sandbox', '/dev', '/.well-known'].map((path) => [path, { target: server }])),
    },
  }
})
