// What a person sees: the stand-in for Stripe.js with its payment element, and the bank's page for 3-D Secure.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { languageOf, readBody, send } from '@fairgate/toss-sandbox/http'
import { passedHappenings } from './api.ts'
import { authorised, refused, type Intent } from './intent.ts'
import type { Ledger } from './ledger.ts'

type Options = { ledger: Ledger; now: () => number; newId: (prefix: string) => string }
type Language = 'ko' | 'en'

export const texts = {
  ko: {
    notice: '연습용 은행 화면입니다. 실제 돈은 움직이지 않습니다.',
    title: '본인 인증',
    body: '카드사가 결제하는 분이 맞는지 확인합니다.',
    agree: '인증 완료',
    refuse: '인증 실패',
    gone: '이 결제는 인증을 기다리고 있지 않습니다.',
  },
  en: {
    notice: 'This is a practice page of a bank. No money moves.',
    title: 'Is it you?',
    body: 'The card’s bank asks whether it is you who pays.',
    agree: 'Complete authentication',
    refuse: 'Fail authentication',
    gone: 'This payment does not wait for authentication.',
  },
} as const

const style = `
:root { color-scheme: light dark; --ground: #f4f4f8; --sheet: #fff; --ink: #1a1b25; --quiet: #596171; --line: #dcdfe6; --strong: #4b45c6; --onstrong: #fff; --note: #fdf3d7; --onnote: #5b4200; }
@media (prefers-color-scheme: dark) { :root { --ground: #11131a; --sheet: #1b1e28; --ink: #eef0f6; --quiet: #a5adbd; --line: #333846; --strong: #a9a4ff; --onstrong: #15123f; --note: #3a2f10; --onnote: #f7e2a8; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; align-content: start; justify-items: center; padding: clamp(1rem, 6vh, 4rem) 1rem;
  background: var(--ground); color: var(--ink); word-break: keep-all; font: 1rem/1.5 system-ui, -apple-system, "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 1rem; overflow: hidden; }
.notice { margin: 0; padding: .75rem 1.5rem; background: var(--note); color: var(--onnote); font-size: .9375rem; }
.sheet { padding: 1.5rem; }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; }
p { margin: 0; color: var(--quiet); }
form { display: grid; gap: .625rem; margin-top: 1.5rem; }
button { font: inherit; font-weight: 600; min-height: 3rem; border-radius: .75rem; cursor: pointer; border: 1px solid var(--line); background: transparent; color: var(--ink); }
button[value=agree] { background: var(--strong); border-color: var(--strong); color: var(--onstrong); }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
`

const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const script = readFileSync(new URL('./browser/stripe.js', import.meta.url), 'utf8')

export function createPages({ ledger, now, newId }: Options) {
  /** The payment that waits for its buyer at the bank, for whoever knows its client secret. */
  function waiting(parameters: URLSearchParams): (Intent & { action: object }) | undefined {
    const intent = ledger.current(parameters.get('payment_intent') ?? '')
    const isTheirs = intent?.clientSecret === parameters.get('payment_intent_client_secret')
    return intent?.action && isTheirs ? { ...intent, action: intent.action } : undefined
  }

  function submit(parameters: URLSearchParams, language: Language, response: ServerResponse): void {
    const intent = waiting(parameters)
    if (!intent?.action) return page(response, 409, language, `<p>${texts[language].gone}</p>`)
    const isAgreed = parameters.get('action') === 'agree'
    const done = isAgreed
      ? authorised(intent, newId('ch_'), now())
      : { ...refused(intent, 'authentication_failed'), paymentMethod: null }
    ledger.commit({ at: now(), intents: [done] })
    void ledger.tell(
      done,
      isAgreed ? passedHappenings(done) : [{ type: 'payment_intent.payment_failed', intent: done }],
    )
    // What Stripe appends to a `return_url`.
    const back = new URL(intent.action.returnUrl)
    back.searchParams.set('payment_intent', done.id)
    back.searchParams.set('payment_intent_client_secret', done.clientSecret)
    back.searchParams.set('redirect_status', isAgreed ? 'succeeded' : 'failed')
    send(response, 303, 'text/plain;charset=UTF-8', '', { location: back.href, 'referrer-policy': 'no-referrer' })
  }

  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    if (url.pathname.endsWith('/stripe.js')) {
      request.resume()
      return send(response, 200, 'text/javascript;charset=UTF-8', script)
    }
    const language = languageOf(request)
    if (request.method === 'POST')
      return submit(new URLSearchParams((await readBody(request)) ?? ''), language, response)
    request.resume()
    const t = texts[language]
    const intent = waiting(url.searchParams)
    if (!intent) return page(response, 404, language, `<p>${t.gone}</p>`)
    const hidden = { payment_intent: intent.id, payment_intent_client_secret: intent.clientSecret }
    const fields = Object.entries(hidden).map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
    )
    page(
      response,
      200,
      language,
      `<p>${t.body}</p><form method="post">${fields.join('')}
<button name="action" value="agree">${t.agree}</button><button name="action" value="refuse">${t.refuse}</button></form>`,
    )
  }
}

function page(response: ServerResponse, status: number, language: Language, body: string): void {
  const t = texts[language]
  const html = `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>${t.title}</title><style>${style}</style></head>
<body><main><p class="notice">${t.notice}</p><div class="sheet"><h1>${t.title}</h1>${body}</div></main></body></html>
`
  send(response, status, 'text/html;charset=UTF-8', html, {
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
  })
}
