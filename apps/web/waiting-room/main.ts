import '../src/ui/tokens.css'
import './style.css'
import { browserParts } from '../src/api/browser.ts'
import { localeOf } from '../src/i18n/dates.ts'
import { chooseLanguage } from '../src/i18n/language.ts'
import { createRoomApi } from './api.ts'
import { createRenderer } from './render.ts'
import { createRoom, type RoomState } from './room.ts'
import { solveAside } from './solve.ts'
import { loadTexts } from './texts.ts'
import { viewOf } from './view.ts'

/** Time to read that it is one's turn before going in without pressing. */
const goInAfterMs = 4000

const { session, keep, serverClock, language } = browserParts()
let lang = chooseLanguage(language.get(), navigator.languages)
let latest: RoomState | undefined
let isGoingIn = false

const lineId = decodeURIComponent(location.pathname.split('/')[2] ?? '')
const languageButton = document.getElementById('language') as HTMLButtonElement
const renderer = createRenderer({
  serverClock,
  press: (what) =>
    void (what === 'move-here' ? room.moveHere() : what === 'start-anew' ? room.startAnewHere() : room.joinAgain()),
})
let words = await loadTexts[lang]()
const texts = () => words

const room = createRoom({
  lineId,
  api: createRoomApi(
    (...args) => fetch(...args),
    session,
    serverClock,
    'EventSource' in globalThis ? (url) => new EventSource(url) : undefined,
  ),
  session,
  keep,
  serverClock,
  random: () => Math.random(),
  solve: solveAside,
  loadProof: () => import('./proof.ts'),
  from: new URLSearchParams(location.search).get('from') ?? undefined,
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  changed: show,
})

function show(state: RoomState): void {
  latest = state
  const t = texts()
  const view = viewOf(state, t)
  const time =
    state.lastNewsMs === undefined ? undefined : new Date(state.lastNewsMs).toLocaleTimeString(localeOf(lang))
  renderer.render(view, t, {
    eventName: state.event
      ? [state.event.name, state.document?.name].filter(Boolean).join(' · ')
      : state.document?.name,
    offlineNote: state.online ? undefined : [t.offline, time ? t.updated(time) : ''].join(' ').trim(),
  })
  if (view.goesIn && !isGoingIn) {
    isGoingIn = true
    setTimeout(() => location.assign(`/lines/${encodeURIComponent(lineId)}/shop`), goInAfterMs)
  }
}

function speak(): void {
  document.documentElement.lang = lang
  languageButton.textContent = texts().otherLanguage
  languageButton.lang = lang === 'ko' ? 'en' : 'ko'
  if (latest) show(latest)
}

/** Without the network the page stays in the language it has. */
async function speakIn(other: 'en' | 'ko'): Promise<boolean> {
  const found = await loadTexts[other]().catch(() => undefined)
  if (!found) return false
  words = found
  lang = other
  speak()
  return true
}

languageButton.addEventListener('click', () => {
  const other = lang === 'ko' ? 'en' : 'ko'
  void speakIn(other).then((spoken) => {
    if (spoken) language.set(other)
  })
})
addEventListener('online', room.wake)
addEventListener('offline', room.lost)
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') room.wake()
})
// A page that the browser kept for "back" has slept through whatever happened since.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
setInterval(() => renderer.tick(texts()), 1000)

speak()
show({ lineId, who: 'unknown', online: true })
void room.start().then(() => {
  const state = session.state()
  if (state.kind !== 'signed-in' || language.get() || lang === state.account.locale) return
  void speakIn(state.account.locale)
})
