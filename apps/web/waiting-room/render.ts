import type { ServerClock } from '../src/api/server-clock.ts'
import type { Texts } from './en.ts'
import { clockText } from '../src/i18n/dates.ts'
import { announcementOf, type Action, type Press, type View } from './view.ts'

/** A screen reader hears a change of state at once and the distance not more often than this. */
const announceEveryMs = 30_000

type Deps = { serverClock: ServerClock; press: (what: Press) => void }

/** Writes views into the page. Elements that did not change are left alone, so that focus and reading position stay. */
export function createRenderer({ serverClock, press }: Deps) {
  const find = (id: string): HTMLElement => document.getElementById(id) as HTMLElement
  const [event, heading, lead, offline] = [find('event'), find('heading'), find('lead'), find('offline')]
  const [countdown, ahead, progress, warning] = [find('countdown'), find('ahead'), find('progress'), find('warning')]
  const [actions, facts, note, live] = [find('actions'), find('facts'), find('note'), find('live')]
  const others = find('others') as HTMLDetailsElement
  let shown: View | undefined
  let announcedKey = ''
  let announcedMs = -Infinity

  function text(element: HTMLElement, value: string | undefined): void {
    if (element.textContent !== (value ?? '')) element.textContent = value ?? ''
    element.hidden = value === undefined
  }

  function actionElement(action: Action): HTMLElement {
    const element = document.createElement('href' in action ? 'a' : 'button')
    element.className = action.quiet ? 'button quiet' : 'button'
    element.textContent = action.label
    if ('href' in action) element.setAttribute('href', action.href)
    else element.addEventListener('click', () => press(action.press))
    return element
  }

  function tick(t: Texts): void {
    countdown.hidden = shown?.countdownTo === undefined
    if (shown?.countdownTo === undefined) return
    const value = clockText(shown.countdownTo - serverClock.now(), t.days)
    const [clock, label] = [countdown.firstElementChild, countdown.lastElementChild]
    if (!clock || !label || clock === label) {
      countdown.replaceChildren(document.createElement('strong'), document.createElement('span'))
      return tick(t)
    }
    if (clock.textContent !== value) clock.textContent = value
    if (label.textContent !== shown.countdownLabel) label.textContent = shown.countdownLabel ?? ''
  }

  function announce(view: View, t: Texts): void {
    const now = serverClock.now()
    const isNews = view.key !== announcedKey
    if (view.key === 'loading' || (!isNews && (view.ahead === undefined || now - announcedMs < announceEveryMs))) return
    announcedKey = view.key
    announcedMs = now
    live.textContent = announcementOf(view, t)
  }

  function render(
    view: View,
    t: Texts,
    about: { eventName?: string | undefined; offlineNote?: string | undefined },
  ): void {
    const isNew = shown?.key !== view.key
    const sameActions = JSON.stringify(shown?.actions) === JSON.stringify(view.actions)
    const sameFacts = JSON.stringify(shown?.facts) === JSON.stringify(view.facts)
    const isOthersNew = shown?.others?.isOpen !== view.others?.isOpen
    const sameOthers = JSON.stringify(shown?.others) === JSON.stringify(view.others)
    shown = view
    document.body.dataset['state'] = view.key
    document.title = `${view.ahead === undefined ? view.heading : `${t.number(view.ahead)} ${t.ahead(view.ahead)}`} · Fairgate`
    text(event, about.eventName)
    text(heading, view.heading)
    text(lead, view.lead)
    text(offline, about.offlineNote)
    text(warning, view.warning)
    text(note, view.note)
    ahead.hidden = view.ahead === undefined
    if (view.ahead !== undefined) {
      text(find('ahead-value'), t.number(view.ahead))
      text(find('ahead-label'), t.ahead(view.ahead))
    }
    progress.hidden = view.progress === undefined
    const percent = Math.round((view.progress ?? 0) * 100)
    progress.setAttribute('aria-label', t.progress)
    progress.setAttribute('aria-valuenow', String(percent))
    find('bar').style.width = `${Math.max(3, percent)}%`
    if (!sameActions) actions.replaceChildren(...view.actions.map(actionElement))
    if (!sameFacts) facts.replaceChildren(...view.facts.map(factElement))
    others.hidden = view.others === undefined
    if (!sameOthers && view.others) {
      find('others-title').textContent = view.others.title
      find('others-list').replaceChildren(...view.others.items.map(otherElement))
    }
    // Shut and opened by hand as well, so only news decides.
    if (isOthersNew) others.open = view.others?.isOpen ?? false
    tick(t)
    announce(view, t)
    if (isNew && view.takesFocus) {
      const target = view.goesIn ? actions.querySelector<HTMLElement>('a') : heading
      target?.focus()
    }
  }

  return { render, tick }
}

function otherElement({ label, note, href }: { label: string; note: string; href: string }): HTMLElement {
  const item = document.createElement('li')
  const link = document.createElement('a')
  const small = document.createElement('small')
  link.textContent = label
  link.href = href
  small.textContent = note
  item.append(link, small)
  return item
}

function factElement({ label, value }: { label: string; value: string }): HTMLElement {
  const group = document.createElement('div')
  const term = document.createElement('dt')
  const description = document.createElement('dd')
  term.textContent = label
  description.textContent = value
  group.append(term, description)
  return group
}
