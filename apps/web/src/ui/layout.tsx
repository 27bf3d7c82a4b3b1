import { useEffect, useRef, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { signOut } from '@fairgate/contracts/http/identity'
import { useAccount, useApp, useSession } from '../app.tsx'
import { pb } from '../path-builder.ts'
import { useOnline } from './hooks.ts'
import { Icon, Mark } from './icons.tsx'

/** Header, main and footer of every page. After moving to another page the focus is at its start. */
export function Layout({ children }: { children: ReactNode }) {
  const { t } = useApp()
  const [path] = useLocation()
  const main = useRef<HTMLElement>(null)
  const firstPath = useRef(path)
  const isOnline = useOnline()

  useEffect(() => {
    if (firstPath.current === path) return
    firstPath.current = ''
    scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [path])

  return (
    <>
      <a className="skip" href="#main">
        {t.common.skip}
      </a>
      <Header path={path} />
      {isOnline ? null : (
        <p className="offline" role="status">
          {t.common.offline}
        </p>
      )}
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      <footer className="footer">
        <span className="brand-small">Fairgate</span>
        <span>{t.common.footer}</span>
      </footer>
    </>
  )
}

function Header({ path }: { path: string }) {
  const { t, lang, setLang, api, session } = useApp()
  const [, navigate] = useLocation()
  const state = useSession()
  const account = useAccount()
  const roles = account?.roles ?? []
  const isAdmin = roles.includes('admin')
  const items: [string, string][] = [[pb.events(), t.common.events]]
  if (account) items.push([pb.orders(), t.common.orders], [pb.tickets(), t.common.tickets])
  if (isAdmin || roles.includes('organiser')) items.push([pb.organiser(), t.common.organise])
  if (isAdmin || roles.includes('staff')) items.push([pb.checkIn(), t.common.checkIn])
  if (isAdmin) items.push([pb.admin(), t.common.admin])

  async function leave(): Promise<void> {
    await api.call(signOut, {}).catch(() => undefined)
    session.clear()
    navigate(pb.events())
  }

  const isHere = (href: string): boolean =>
    href === '/' ? path === '/' || path.startsWith('/events') : path.startsWith(href)
  return (
    <header className="header">
      <div className="header-row">
        <Link href={pb.events()} className="brand" aria-label={t.common.home}>
          <Mark />
          Fairgate
        </Link>
        <div className="header-end">
          <button
            type="button"
            className="button plain small"
            lang={lang === 'ko' ? 'en' : 'ko'}
            onClick={() => setLang(lang === 'ko' ? 'en' : 'ko')}
          >
            {lang === 'ko' ? 'English' : '한국어'}
          </button>
          {state.kind === 'unknown' ? null : account ? (
            <>
              <span className="who" title={account.email}>
                <Icon name="person" size={18} />
                <span className="who-name">{account.name}</span>
              </span>
              <button type="button" className="button plain small" onClick={() => void leave()}>
                {t.common.signOut}
              </button>
            </>
          ) : (
            <Link
              href={pb.signIn(path === '/' || /^\/(sign-in|register|reset-password)/.test(path) ? undefined : path)}
              className="button small"
            >
              {t.common.signIn}
            </Link>
          )}
        </div>
      </div>
      {items.length > 1 ? (
        <nav className="nav" aria-label={t.common.menu}>
          {items.map(([href, label]) => (
            <Link key={href} href={href} aria-current={isHere(href) ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
      ) : null}
    </header>
  )
}
