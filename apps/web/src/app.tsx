import { createContext, use, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { ApiError } from '@fairgate/contracts/client'
import type { Account } from '@fairgate/contracts/http/identity'
import { createApi, type Api } from './api/api.ts'
import type { browserParts } from './api/browser.ts'
import type { SessionState } from './api/session.ts'
import { chooseLanguage, type Language } from './i18n/language.ts'
import { en, type Messages } from './i18n/en.ts'
import { ko } from './i18n/ko.ts'

type Parts = ReturnType<typeof browserParts>

export type App = Omit<Parts, 'language'> & {
  api: Api
  t: Messages
  lang: Language
  setLang: (language: Language) => void
}

const AppContext = createContext<App | undefined>(undefined)

/** The parts of the app: server, session, clock, words. */
export function useApp(): App {
  const app = use(AppContext)
  if (!app) throw new Error('useApp outside AppProvider')
  return app
}

export function useSession(): SessionState {
  const { session } = useApp()
  return useSyncExternalStore(session.subscribe, session.state)
}

export function useAccount(): Account | undefined {
  const state = useSession()
  return state.kind === 'signed-in' ? state.account : undefined
}

const isRefusal = (error: unknown): boolean => error instanceof ApiError && error.status >= 400 && error.status < 500

export function AppProvider({ parts, children }: { parts: Parts; children: ReactNode }) {
  const { language, ...rest } = parts
  const [chosen, setChosen] = useState(() => language.get())
  const api = useMemo(() => createApi((...args) => fetch(...args), parts.session, parts.serverClock), [parts])
  const client = useMemo(
    () =>
      new QueryClient({
        defaultOptions: { queries: { retry: (failures, error) => failures < 2 && !isRefusal(error), staleTime: 5000 } },
      }),
    [],
  )
  const state = useSyncExternalStore(parts.session.subscribe, parts.session.state)
  const accountId = state.kind === 'signed-in' ? state.account.id : undefined
  const accountLocale = state.kind === 'signed-in' ? state.account.locale : undefined

  const lang = chooseLanguage(chosen ?? accountLocale, navigator.languages)

  useEffect(() => void parts.session.start(), [parts.session])
  // What one account saw is not shown to the next.
  const lastAccountId = useRef(accountId)
  useEffect(() => {
    if (lastAccountId.current !== undefined && lastAccountId.current !== accountId) void client.resetQueries()
    lastAccountId.current = accountId
  }, [client, accountId])
  useEffect(() => {
    document.documentElement.lang = lang
  }, [lang])

  const app: App = {
    ...rest,
    api,
    lang,
    t: lang === 'ko' ? ko : en,
    setLang(next) {
      language.set(next)
      setChosen(next)
    },
  }
  return (
    <AppContext value={app}>
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    </AppContext>
  )
}
