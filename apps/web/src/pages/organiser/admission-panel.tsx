import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import type { ProcessHealth, ServiceHealth } from '@fairgate/contracts/health'
import { getAdmission, type Admission } from '@fairgate/contracts/http/admission'
import { admitAll, admitAsPlanned, type LineDocument } from '@fairgate/contracts/http/waiting-room'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { Confirm, Notice } from '../../ui/parts.tsx'

const everyMs = 2000

/** Why a line moves as it does, how the service fares, and the hand that lets in everyone. */
export function AdmissionPanel({
  line,
  busy,
  act,
}: {
  line: LineDocument
  busy: boolean
  act: (work: () => Promise<LineDocument>) => Promise<void>
}) {
  const { t, lang, api } = useApp()
  const words = t.organiser.admission
  const [isAsking, setAsking] = useState(false)
  const query = useQuery({
    queryKey: ['admission', line.id],
    queryFn: ({ signal }) => api.call(getAdmission, { params: { id: line.id }, signal }),
    refetchInterval: everyMs,
    staleTime: 0,
  })
  // What everybody reads is there at once; the cause follows.
  const admission = query.data?.admission ?? line.admission
  if (!admission) return null
  const params = { id: line.id }
  const isOver = line.phase === 'sold-out' || line.phase === 'closed'
  return (
    <div className="admission" aria-live="polite">
      <Reason admission={admission} service={isOver ? null : (query.data?.service ?? null)} />
      {query.isError ? <Notice tone="bad">{errorText(query.error, lang, t.common.networkError)}</Notice> : null}
      {admission.everyone ? (
        <Notice tone="warn" title={words.everyone}>
          <p>{words.everyoneHint}</p>
          <div className="actions">
            <button
              type="button"
              className="button quiet small"
              disabled={busy}
              onClick={() => void act(() => api.call(admitAsPlanned, { params }))}
            >
              {words.everyoneEnd}
            </button>
          </div>
        </Notice>
      ) : isOver ? null : isAsking ? (
        <Confirm
          question={words.everyoneAsk}
          yes={words.everyoneYes}
          no={words.everyoneNo}
          busy={busy}
          onYes={() => void act(() => api.call(admitAll, { params })).then(() => setAsking(false))}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button type="button" className="button quiet small" onClick={() => setAsking(true)}>
            {words.everyoneStart}
          </button>
        </div>
      )}
    </div>
  )
}

function Reason({ admission, service }: { admission: Admission; service: ServiceHealth | null }) {
  const { t, lang } = useApp()
  const words = t.organiser.admission
  const { limitedBy, perMinute } = admission
  const hasSpeed = (limitedBy === 'rate' || limitedBy === 'health') && perMinute !== null && perMinute > 0
  const speed = hasSpeed ? ` ${words.perMinute(perMinute.toLocaleString(lang))}` : ''
  const reason = words.limitedBy[limitedBy] + speed
  if (limitedBy === 'health')
    return (
      <Notice tone={service?.state === 'unwell' ? 'bad' : 'warn'} title={reason}>
        {service ? <Cause service={service} /> : null}
      </Notice>
    )
  return (
    <>
      <p className="muted">{reason}</p>
      {service && service.state !== 'well' ? (
        <Notice tone={service.state === 'unwell' ? 'bad' : 'warn'}>
          <Cause service={service} />
        </Notice>
      ) : null}
    </>
  )
}

/** What the service suffers from, with the figures of the process that fares worst. */
function Cause({ service }: { service: ServiceHealth }) {
  const { t } = useApp()
  const words = t.organiser.admission
  if (service.state === 'well') return <p>{words.recovering}</p>
  const worst = service.processes
    .filter(({ cause }) => cause === service.cause)
    .toSorted((one, other) => other.pressure - one.pressure)[0]
  return (
    <>
      <p>
        {words.state[service.state]} {service.cause ? words.cause[service.cause] : null}
      </p>
      {service.missing.length > 0 ? <p>{words.missing(service.missing.join(', '))}</p> : null}
      {worst ? <p className="small figures">{figuresOf(worst, words.figure)}</p> : null}
    </>
  )
}

type FigureWords = Record<'lag' | 'reads' | 'writes' | 'database', (ms: string) => string> & {
  failed: (percent: string) => string
}

function figuresOf(process: ProcessHealth, words: FigureWords): string {
  const ms = (value: number): string => value.toLocaleString()
  const found: (string | undefined)[] = [
    words.lag(ms(process.lagMs)),
    process.readP95Ms === null ? undefined : words.reads(ms(process.readP95Ms)),
    process.writeP95Ms === null ? undefined : words.writes(ms(process.writeP95Ms)),
    process.failedShare === null ? undefined : words.failed(String(Math.round(process.failedShare * 1000) / 10)),
    process.databaseMs === null ? undefined : words.database(ms(process.databaseMs)),
  ]
  return found.filter((figure) => figure !== undefined).join(' · ')
}
