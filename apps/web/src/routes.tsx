import { lazy, Suspense, type ReactNode } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { Link } from 'wouter'
import type { Role } from '@fairgate/contracts/http/identity'
import { useApp, useSession } from './app.tsx'
import { pb } from './path-builder.ts'
import { RegisterPage, SignInPage, VerifyPage } from './pages/account/account-pages.tsx'
import { EventPage } from './pages/events/event-page.tsx'
import { EventsPage } from './pages/events/events-page.tsx'
import { OrderPage } from './pages/orders/order-page.tsx'
import { OrdersPage } from './pages/orders/orders-page.tsx'
import { PayFailPage, PaySuccessPage } from './pages/orders/pay-pages.tsx'
import { ShopPage } from './pages/shop/shop-page.tsx'
import { Catch } from './ui/catch.tsx'
import { useTitle } from './ui/hooks.ts'
import { Layout } from './ui/layout.tsx'
import { Blank, Notice, Skeleton } from './ui/parts.tsx'

const ResetPasswordPage = lazy(() =>
  import('./pages/account/reset-password-page.tsx').then((module) => ({ default: module.ResetPasswordPage })),
)
const BallotPage = lazy(() =>
  import('./pages/ballots/ballot-page.tsx').then((module) => ({ default: module.BallotPage })),
)
const CodePage = lazy(() => import('./pages/shop/code-page.tsx').then((module) => ({ default: module.CodePage })))
const LotPage = lazy(() => import('./pages/auctions/lot-page.tsx').then((module) => ({ default: module.LotPage })))
const LotRankingPage = lazy(() =>
  import('./pages/auctions/lot-ranking-page.tsx').then((module) => ({ default: module.LotRankingPage })),
)
const WaitlistPage = lazy(() =>
  import('./pages/waitlists/waitlist-page.tsx').then((module) => ({ default: module.WaitlistPage })),
)
const CardPage = lazy(() => import('./pages/orders/card-page.tsx').then((module) => ({ default: module.CardPage })))
const TicketsPage = lazy(() =>
  import('./pages/orders/ticket-pages.tsx').then((module) => ({ default: module.TicketsPage })),
)
const TicketPage = lazy(() =>
  import('./pages/orders/ticket-pages.tsx').then((module) => ({ default: module.TicketPage })),
)
const OrganiserPage = lazy(() =>
  import('./pages/organiser/organiser-page.tsx').then((module) => ({ default: module.OrganiserPage })),
)
const NewEventPage = lazy(() =>
  import('./pages/organiser/organiser-page.tsx').then((module) => ({ default: module.NewEventPage })),
)
const OrganiserEventPage = lazy(() =>
  import('./pages/organiser/organiser-event-page.tsx').then((module) => ({ default: module.OrganiserEventPage })),
)
const SeatsPage = lazy(() =>
  import('./pages/organiser/organiser-seats-page.tsx').then((module) => ({ default: module.SeatsPage })),
)
const OrganiserOrdersPage = lazy(() =>
  import('./pages/organiser/organiser-orders-page.tsx').then((module) => ({ default: module.OrganiserOrdersPage })),
)
const WebhooksPage = lazy(() =>
  import('./pages/organiser/webhooks-page.tsx').then((module) => ({ default: module.WebhooksPage })),
)
const MoneyPage = lazy(() =>
  import('./pages/organiser/money-page.tsx').then((module) => ({ default: module.MoneyPage })),
)
const ReceiptPage = lazy(() =>
  import('./pages/orders/receipt-page.tsx').then((module) => ({ default: module.ReceiptPage })),
)
const WatchPage = lazy(() =>
  import('./pages/organiser/watch-page.tsx').then((module) => ({ default: module.WatchPage })),
)
const adminOrders = () => import('./pages/operator/admin-orders-page.tsx')
const AdminOrdersPage = lazy(() => adminOrders().then((module) => ({ default: module.AdminOrdersPage })))
const AdminOrderPage = lazy(() => adminOrders().then((module) => ({ default: module.AdminOrderPage })))
const AdminPage = lazy(() =>
  import('./pages/operator/admin-page.tsx').then((module) => ({ default: module.AdminPage })),
)
const CheckInPage = lazy(() =>
  import('./pages/organiser/check-in-page.tsx').then((module) => ({ default: module.CheckInPage })),
)

export function Routes() {
  const [path] = useLocation()
  return (
    <Layout>
      <Catch key={path} fallback={<BrokenPage />}>
        <Suspense fallback={<PageSkeleton />}>
          <Switch>
            <Route path="/" component={EventsPage} />
            <Route path="/events/:id">{({ id }) => <EventPage key={id} id={id} />}</Route>
            <Route path="/events/:id/code">{({ id }) => withRole(<CodePage key={id} eventId={id} />)}</Route>
            <Route path="/sign-in" component={SignInPage} />
            <Route path="/register" component={RegisterPage} />
            <Route path="/reset-password" component={ResetPasswordPage} />
            <Route path="/verify">{() => withRole(<VerifyPage />)}</Route>
            <Route path="/lines/:id/shop">{({ id }) => withRole(<ShopPage key={id} lineId={id} />)}</Route>
            <Route path="/ballots/:id">{({ id }) => withRole(<BallotPage key={id} saleId={id} />)}</Route>
            <Route path="/lots/:id">{({ id }) => <LotPage key={id} id={id} />}</Route>
            <Route path="/lots/:id/ranking">{({ id }) => <LotRankingPage key={id} id={id} />}</Route>
            <Route path="/waitlists/:id">{({ id }) => withRole(<WaitlistPage key={id} saleId={id} />)}</Route>
            <Route path="/orders">{() => withRole(<OrdersPage />)}</Route>
            <Route path="/orders/:id">{({ id }) => withRole(<OrderPage key={id} id={id} />)}</Route>
            <Route path="/orders/:id/card">{({ id }) => withRole(<CardPage key={id} id={id} />)}</Route>
            <Route path="/orders/:id/receipt">{({ id }) => withRole(<ReceiptPage key={id} id={id} />)}</Route>
            <Route path="/pay/success">{() => withRole(<PaySuccessPage />)}</Route>
            <Route path="/pay/fail">{() => withRole(<PayFailPage />)}</Route>
            <Route path="/tickets">{() => withRole(<TicketsPage />)}</Route>
            <Route path="/tickets/:id">{({ id }) => withRole(<TicketPage key={id} id={id} />)}</Route>
            <Route path="/organiser">{() => withRole(<OrganiserPage />, 'organiser')}</Route>
            <Route path="/organiser/new">{() => withRole(<NewEventPage />, 'organiser')}</Route>
            <Route path="/organiser/webhooks">{() => withRole(<WebhooksPage />, 'organiser')}</Route>
            <Route path="/organiser/events/:id">
              {({ id }) => withRole(<OrganiserEventPage key={id} id={id} />, 'organiser')}
            </Route>
            <Route path="/organiser/events/:id/seats">
              {({ id }) => withRole(<SeatsPage key={id} id={id} />, 'organiser')}
            </Route>
            <Route path="/organiser/events/:id/orders">
              {({ id }) => withRole(<OrganiserOrdersPage key={id} id={id} />, 'organiser')}
            </Route>
            <Route path="/organiser/events/:id/money">
              {({ id }) => withRole(<MoneyPage key={id} id={id} />, 'organiser')}
            </Route>
            <Route path="/organiser/events/:id/watch">
              {({ id }) => withRole(<WatchPage key={id} id={id} />, 'organiser')}
            </Route>
            <Route path="/admin">{() => withRole(<AdminPage />, 'admin')}</Route>
            <Route path="/admin/orders">{() => withRole(<AdminOrdersPage />, 'admin')}</Route>
            <Route path="/admin/orders/:id">{({ id }) => withRole(<AdminOrderPage key={id} id={id} />, 'admin')}</Route>
            <Route path="/check-in">{() => withRole(<CheckInPage />, 'staff')}</Route>
            <Route component={NotFoundPage} />
          </Switch>
        </Suspense>
      </Catch>
    </Layout>
  )
}

const withRole = (page: ReactNode, role?: Role) => <Gate role={role}>{page}</Gate>

/** Shows a page to those who may see it; everybody else is told what is missing. */
function Gate({ role, children }: { role: Role | undefined; children: ReactNode }) {
  const { t } = useApp()
  const session = useSession()
  const [path] = useLocation()
  if (session.kind === 'unknown') return <PageSkeleton />
  if (session.kind === 'signed-out') {
    const next = path + location.search
    return (
      <div className="page narrow">
        <Blank title={t.common.signIn} body={t.account.signInFirst} icon="person" isPage>
          <Link href={pb.signIn(next)} className="button">
            {t.common.signIn}
          </Link>
          <Link href={pb.register(next)} className="button quiet">
            {t.common.register}
          </Link>
        </Blank>
      </div>
    )
  }
  const { roles } = session.account
  if (role && !roles.includes(role) && !roles.includes('admin')) {
    return (
      <div className="page narrow">
        <Notice tone="warn">{t.account.notAllowed}</Notice>
      </div>
    )
  }
  return children
}

/** Something of the page did not come or did not work, as when a new version has replaced the files of this one. */
function BrokenPage() {
  const { t } = useApp()
  return (
    <div className="page narrow">
      <Blank title={t.common.errorTitle} body={t.common.brokenBody} icon="warn" isPage>
        <button type="button" className="button" onClick={() => location.reload()}>
          {t.common.reload}
        </button>
      </Blank>
    </div>
  )
}

function PageSkeleton() {
  return (
    <div className="page narrow">
      <Skeleton lines={5} />
    </div>
  )
}

function NotFoundPage() {
  const { t } = useApp()
  useTitle(t.common.notFoundTitle)
  return (
    <div className="page narrow">
      <Blank title={t.common.notFoundTitle} body={t.common.notFoundBody} icon="search" isPage>
        <Link href={pb.events()} className="button">
          {t.common.toEvents}
        </Link>
      </Blank>
    </div>
  )
}
