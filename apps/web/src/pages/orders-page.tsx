import { useState } from 'react'
import { Link } from 'wouter'
import { listOrders, type Order } from '@fairgate/contracts/http/orders'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../app.tsx'
import { useAwards } from '../api/ballots.ts'
import { useOrders } from '../api/queries.ts'
import { localeOf, shortTime } from '../i18n/dates.ts'
import { pb } from '../path-builder.ts'
import { useServerNow, useTitle } from '../ui/hooks.ts'
import { Blank, Countdown, Failure, PageHead, Skeleton } from '../ui/parts.tsx'
import { OrderStateTag } from './order-page.tsx'
import { TextMessagesPanel } from './text-messages-panel.tsx'

export function OrdersPage() {
  const { t, api } = useApp()
  const orders = useOrders()
  const [more, setMore] = useState<{ items: Order[]; cursor: string | null }>()
  useTitle(t.order.listTitle)

  const items = [...(orders.data?.items ?? []), ...(more?.items ?? [])]
  const cursor = more ? more.cursor : (orders.data?.nextCursor ?? null)

  async function showMore(from: string): Promise<void> {
    const page = await api.call(listOrders, { query: { cursor: from } })
    setMore({ items: [...(more?.items ?? []), ...page.items], cursor: page.nextCursor })
  }

  return (
    <div className="page narrow">
      <PageHead title={t.order.listTitle} />
      <OpenAwards />
      {orders.isPending ? (
        <Skeleton tall lines={3} />
      ) : orders.isError ? (
        <Failure error={orders.error} retry={() => void orders.refetch()} />
      ) : items.length === 0 ? (
        <Blank title={t.order.listEmpty} body={t.order.listEmptyBody} icon="ticket">
          <Link href={pb.events()} className="button">
            {t.order.browse}
          </Link>
        </Blank>
      ) : (
        <ul className="rows">
          {items.map((order) => (
            <OrderRow key={order.id} order={order} />
          ))}
        </ul>
      )}
      {cursor ? (
        <div className="actions centred">
          <button type="button" className="button quiet" onClick={() => void showMore(cursor)}>
            {t.common.more}
          </button>
        </div>
      ) : null}
      <TextMessagesPanel />
    </div>
  )
}

/** What was drawn and waits to be bought. Whoever has none sees nothing of it. */
function OpenAwards() {
  const { t } = useApp()
  const awards = useAwards()
  const now = useServerNow()
  const open = (awards.data?.items ?? []).filter(({ state, payBy }) => state === 'awarded' && Date.parse(payBy) > now)
  if (open.length === 0) return null
  return (
    <section aria-label={t.ballot.myAwards} className="open-awards">
      <h2>{t.ballot.myAwards}</h2>
      <ul className="rows">
        {open.map((award) => (
          <li key={award.id} className="row-card">
            <div>
              <h2>
                <Link href={pb.ballot(award.saleId)} className="stretched">
                  {award.eventName}
                </Link>
              </h2>
              <p className="muted figures">
                {award.line.name} · {t.common.places(award.quantity)}
              </p>
            </div>
            <div className="row-end">
              <Countdown to={award.payBy} label={t.ballot.timeLeft} />
              <span className="row-call">{t.ballot.buy}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

function OrderRow({ order }: { order: Order }) {
  const { t, lang } = useApp()
  return (
    <li className="row-card">
      <div>
        <h2>
          <Link href={pb.order(order.id)} className="stretched">
            {order.event.name}
          </Link>
        </h2>
        <p className="muted figures">
          {order.section.name} · {order.items.map(({ label }) => label).join(', ')}
        </p>
        <p className="muted small figures">{shortTime(order.event.startsAt, order.event.timeZone, lang)}</p>
      </div>
      <div className="row-end">
        <OrderStateTag state={order.state} />
        <b className="figures">{formatMoney(order.total, localeOf(lang))}</b>
        {order.state === 'awaiting-payment' ? <span className="row-call">{t.order.finish}</span> : null}
      </div>
    </li>
  )
}
