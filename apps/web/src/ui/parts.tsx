import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { ApiError } from '@fairgate/contracts/client'
import { useApp } from '../app.tsx'
import { errorText } from '../api/api.ts'
import { clockText, eventTime } from '../i18n/dates.ts'
import { pb } from '../path-builder.ts'
import { useFocusOnMount, useServerNow } from './hooks.ts'
import { Icon, type IconName } from './icons.tsx'

/** A table that may be wider than its place: whoever has no pointer scrolls it with the keys. */
export function TableScroll({ label, children }: { label?: string; children: ReactNode }) {
  const { t } = useApp()
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keys (WCAG 2.1.1)
    <div className="table-scroll" role="region" aria-label={label ?? t.common.table} tabIndex={0}>
      {children}
    </div>
  )
}

type Tone = 'plain' | 'good' | 'warn' | 'bad'

/** A message in place. `alert` ones are read out at once. */
export function Notice({
  tone = 'plain',
  title,
  children,
}: {
  tone?: Tone
  title?: string | undefined
  children?: ReactNode
}) {
  const icon: IconName = tone === 'good' ? 'check' : tone === 'plain' ? 'clock' : 'warn'
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' || tone === 'warn' ? 'alert' : 'status'}>
      <Icon name={icon} />
      <div>
        {title ? <p className="notice-title">{title}</p> : null}
        {children}
      </div>
    </div>
  )
}

/** A failed reading with a way to try again, or out of a page that does not exist. */
export function Failure({ error, retry, isPage = false }: { error: unknown; retry?: () => void; isPage?: boolean }) {
  const { t, lang } = useApp()
  const missing = error instanceof ApiError && error.status === 404
  return (
    <Blank
      title={missing ? t.common.notFoundTitle : t.common.errorTitle}
      body={errorText(error, lang, t.common.networkError)}
      icon="warn"
      isPage={isPage}
    >
      {missing ? (
        isPage ? (
          <Link href={pb.events()} className="button">
            {t.common.toEvents}
          </Link>
        ) : null
      ) : retry ? (
        <button type="button" className="button quiet" onClick={retry}>
          {t.common.retry}
        </button>
      ) : null}
    </Blank>
  )
}

/** Nothing to show, and what to do about it. `isPage`: there is nothing else on the page, so this is its heading. */
export function Blank({
  title,
  body,
  icon,
  isPage = false,
  children,
}: {
  title: string
  body: string
  icon: IconName
  isPage?: boolean
  children?: ReactNode
}) {
  const Heading = isPage ? 'h1' : 'h2'
  return (
    <div className="blank">
      <span className="blank-icon">
        <Icon name={icon} size={28} />
      </span>
      <Heading>{title}</Heading>
      <p>{body}</p>
      {children ? <div className="actions">{children}</div> : null}
    </div>
  )
}

export function Skeleton({ lines = 3, tall = false }: { lines?: number; tall?: boolean }) {
  const { t } = useApp()
  return (
    <div className="skeleton-group" role="status" aria-label={t.common.loading}>
      {Array.from({ length: lines }, (_, line) => (
        <span
          key={line}
          className={tall ? 'skeleton tall' : 'skeleton'}
          style={tall ? undefined : { width: `${92 - ((line * 23) % 45)}%` }}
        />
      ))}
    </div>
  )
}

/** `mm:ss` (with hours and days when it is long) to an instant of the server's clock. Not announced: it changes every second. */
export function Countdown({
  to,
  label,
  urgentMs = 60_000,
  size = 'small',
}: {
  to: string
  label: string
  urgentMs?: number
  size?: 'small' | 'large'
}) {
  const { t } = useApp()
  const now = useServerNow()
  const leftMs = Math.max(0, Date.parse(to) - now)
  const seconds = Math.ceil(leftMs / 1000)
  const days = Math.floor(seconds / 86_400)
  const parts: [number, string][] = [
    [days, t.common.units.days(days)],
    [Math.floor((seconds % 86_400) / 3600), t.common.units.hours(2)],
    [Math.floor((seconds % 3600) / 60), t.common.units.minutes(2)],
    [seconds % 60, t.common.units.seconds(2)],
  ]
  const two = (value: number): string => String(value).padStart(2, '0')
  if (size === 'large') {
    return (
      <div className="count-large" role="timer" aria-label={label}>
        {parts.slice(days > 0 ? 0 : 1).map(([value, unit], index) => (
          <span key={index}>
            <b className="figures">{two(value)}</b>
            <small>{unit}</small>
          </span>
        ))}
      </div>
    )
  }
  return (
    <span className={leftMs < urgentMs ? 'count urgent' : 'count'} role="timer" aria-label={label}>
      <Icon name="clock" size={18} />
      <span className="count-label">{label}</span>
      <b className="figures">{clockText(leftMs, t.common.days)}</b>
    </span>
  )
}

export function EventWhen({ startsAt, timeZone }: { startsAt: string; timeZone: string }) {
  const { t, lang } = useApp()
  const { day, time, zone } = eventTime(startsAt, timeZone, lang)
  return (
    <time dateTime={startsAt}>
      {day}, {time}
      {zone ? <small className="zone"> {t.common.localTime(zone)}</small> : null}
    </time>
  )
}

export function Tag({ tone = 'plain', children }: { tone?: Tone | 'accent'; children: ReactNode }) {
  return <span className={`tag ${tone}`}>{children}</span>
}

export function Stepper({
  label,
  value,
  min,
  max,
  onChange,
}: {
  label: string
  value: number
  min: number
  max: number
  onChange: (value: number) => void
}) {
  const { t } = useApp()
  return (
    <div className="stepper" role="group" aria-label={label}>
      <button type="button" aria-label={t.shop.fewer} disabled={value <= min} onClick={() => onChange(value - 1)}>
        <Icon name="minus" />
      </button>
      <output className="figures" aria-live="polite" aria-label={label}>
        {value}
      </output>
      <button type="button" aria-label={t.shop.moreOne} disabled={value >= max} onClick={() => onChange(value + 1)}>
        <Icon name="plus" />
      </button>
    </div>
  )
}

/** The heading of a state that has just come up: it takes the focus, so that it is read first. */
export function StateHeading({ children }: { children: ReactNode }) {
  const heading = useFocusOnMount<HTMLHeadingElement>()
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  )
}

export function PageHead({ title, lead, children }: { title: ReactNode; lead?: ReactNode; children?: ReactNode }) {
  return (
    <div className="page-head">
      <div>
        <h1>{title}</h1>
        {lead ? <p className="lead">{lead}</p> : null}
      </div>
      {children ? <div className="actions">{children}</div> : null}
    </div>
  )
}

/** Asks once more before something that cannot be taken back. */
export function Confirm({
  question,
  yes,
  no,
  busy,
  onYes,
  onNo,
}: {
  question: string
  yes: string
  no: string
  busy?: boolean
  onYes: () => void
  onNo: () => void
}) {
  // What was pressed is gone: the question takes its place, also for keys and screen readers.
  const group = useFocusOnMount<HTMLDivElement>()
  return (
    <div ref={group} tabIndex={-1} className="confirm" role="group" aria-label={question}>
      <p>{question}</p>
      <div className="actions">
        <button type="button" className="button" disabled={busy} onClick={onYes}>
          {yes}
        </button>
        <button type="button" className="button quiet" disabled={busy} onClick={onNo}>
          {no}
        </button>
      </div>
    </div>
  )
}
