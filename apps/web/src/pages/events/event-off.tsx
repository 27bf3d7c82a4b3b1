import { useEffect } from 'react'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import { useApp } from '../../app.tsx'
import { keys, useQueryClient } from '../../api/queries.ts'
import { Notice } from '../../ui/parts.tsx'

/** The event does not take place: why, and what that means for who looks at this page. */
export function EventOff({ event, body }: { event: EventDocument; body: string }) {
  const { t } = useApp()
  const client = useQueryClient()
  const { id, cancelled } = event
  const isKnown = cancelled !== undefined
  // A page that was open before learns of it from its own document first.
  useEffect(() => {
    if (!isKnown) void client.invalidateQueries({ queryKey: keys.event(id), exact: true })
  }, [client, id, isKnown])
  return (
    <Notice tone="warn" title={t.refunds.eventOff}>
      {cancelled ? <p>{t.refunds.organiserSays(cancelled.note)}</p> : null}
      <p>{body}</p>
    </Notice>
  )
}
