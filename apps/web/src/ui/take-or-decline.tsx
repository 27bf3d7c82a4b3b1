import { useState } from 'react'
import { Icon } from './icons.tsx'
import { Confirm, Countdown } from './parts.tsx'

/** What was won or is offered for a time: taking it, or giving it up after a question. */
export function TakeOrDecline({
  until,
  timeLeft,
  by,
  busy,
  take,
  decline,
}: {
  /** An ISO time. */
  until: string
  timeLeft: string
  by: string
  busy: boolean
  take: { label: string; isDisabled?: boolean; run: () => Promise<void> }
  /** Absent where nothing can be given up any more. */
  decline?: { label: string; question: string; keep: string; run: () => Promise<void> } | undefined
}) {
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      <p className="muted">{by}</p>
      <Countdown size="large" to={until} label={timeLeft} />
      {decline && isAsking ? (
        <Confirm
          question={decline.question}
          yes={decline.label}
          no={decline.keep}
          busy={busy}
          onYes={() => void decline.run()}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button
            type="button"
            className="button"
            disabled={busy || take.isDisabled === true}
            onClick={() => void take.run()}
          >
            {take.label}
            <Icon name="arrow" />
          </button>
          {decline ? (
            <button type="button" className="button quiet" disabled={busy} onClick={() => setAsking(true)}>
              {decline.label}
            </button>
          ) : null}
        </div>
      )}
    </>
  )
}
