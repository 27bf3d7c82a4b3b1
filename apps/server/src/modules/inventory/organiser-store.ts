import type { interventionKinds } from '@fairgate/contracts/http/stock'
import type { Currency, Money } from '@fairgate/contracts/money'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import { accessible, unclaimed } from './inventory-store.ts'

/*
 * What organisers do with seats. Seats are locked as everywhere, by key and before they are changed. Every change counts
 * two steps a seat, so that the version of its section rises also where time alone had changed the picture before.
 */

export type LabelledSeat = { number: number; label: string }

const noted = sql`
  noted as (insert into inventory.changes (section_id, steps) select section_id, 2 * count(*) from moved group by section_id)`

// ---------------------------------------------------------------- blocks

export type Block = { id: string; reason: string; blockedBy: string; blockedAt: Date; seats: LabelledSeat[] }
export type NewBlock = Omit<Block, 'seats'> & { sectionId: string; numbers: readonly number[] }

/** Takes seats, locked before and nobody's, off sale. */
export async function addBlock(tx: Tx, block: NewBlock): Promise<void> {
  await sql`
    with block as (
      insert into inventory.blocks (id, section_id, reason, blocked_by, blocked_at)
      values (${block.id}, ${block.sectionId}, ${block.reason}, ${block.blockedBy}, ${block.blockedAt})),
    moved as (
      update inventory.seats set state = 4, block_id = ${block.id}, hold_id = null, held_until = null
      where section_id = ${block.sectionId} and number = any(${block.numbers}::int[]) returning section_id),
    ${noted}
    select 1`.execute(tx)
}

/** Puts those of these seats that are blocked back on sale, or all of one block. @returns them, by number */
export async function unblock(
  tx: Tx,
  sectionId: string,
  which: { numbers: readonly number[] } | { blockId: string },
): Promise<LabelledSeat[]> {
  const condition = 'blockId' in which ? sql`block_id = ${which.blockId}` : sql`number = any(${which.numbers}::int[])`
  const freed = await rows(
    tx,
    sql<LabelledSeat>`
      with mine as (
        select number from inventory.seats where section_id = ${sectionId} and state = 4 and ${condition} order by number for update),
      moved as (
        update inventory.seats s set state = 0, block_id = null from mine
        where s.section_id = ${sectionId} and s.number = mine.number returning s.section_id, s.number, s.label),
      ${noted}
      select number, label from moved order by number`,
  )
  return freed
}

export const isBlockOf = async (tx: Tx, sectionId: string, blockId: string): Promise<boolean> =>
  (await maybeRow(tx, sql`select 1 from inventory.blocks where id = ${blockId} and section_id = ${sectionId}`)) !==
  undefined

/** Blocks that still keep a seat off sale, newest first. */
export const liveBlocks = (db: Db, sectionId: string): Promise<Block[]> =>
  rows(
    db,
    sql<Block>`
      select b.id, b.reason, b.blocked_by as "blockedBy", b.blocked_at as "blockedAt",
             json_agg(json_build_object('number', s.number, 'label', s.label) order by s.number) as seats
      from inventory.blocks b join inventory.seats s on s.section_id = b.section_id and s.block_id = b.id
      where b.section_id = ${sectionId}
      group by b.id order by b.blocked_at desc, b.id desc`,
  )

// ---------------------------------------------------------------- seats kept for somebody until a time

export type Allotment = {
  id: string
  name: string
  releaseAt: Date
  seats: LabelledSeat[]
  free: number
  taken: number
}
export type NewAllotment = { id: string; sectionId: string; name: string; numbers: readonly number[]; releaseAt: Date }

/** Keeps seats, locked before and nobody's, for an allotment. */
export async function addAllotment(tx: Tx, { id, sectionId, name, numbers, releaseAt }: NewAllotment): Promise<void> {
  await sql`
    insert into inventory.allotments (id, section_id, name, seats, release_at)
    values (${id}, ${sectionId}, ${name}, ${numbers}::int[], ${releaseAt})`.execute(tx)
  await keepSeats(tx, sectionId, numbers, id, releaseAt)
}

/** Keeps seats, locked before, for an allotment or for who needs accessible ones. */
export async function keepSeats(
  tx: Tx,
  sectionId: string,
  numbers: readonly number[],
  keptFor: string,
  until: Date,
): Promise<void> {
  await sql`
    with moved as (
      update inventory.seats set kept_for = ${keptFor}, kept_until = ${until}
      where section_id = ${sectionId} and number = any(${numbers}::int[]) returning section_id),
    release as (
      insert into inventory.releases (section_id, at) values (${sectionId}, ${until}) on conflict do nothing),
    ${noted}
    select 1`.execute(tx)
}

/** Locks these seats and says which are kept for nobody else: for nobody, for accessible needs, or for that no more. */
export async function lockKeepable(
  tx: Tx,
  sectionId: string,
  numbers: readonly number[],
  now: Date,
): Promise<number[]> {
  const locked = await rows(
    tx,
    sql<{ number: number; isKeepable: boolean }>`
      select s.number, (s.kept_until is null or s.kept_until <= ${now} or s.kept_for = ${accessible}) as "isKeepable"
      from inventory.seats s where s.section_id = ${sectionId} and s.number = any(${numbers}::int[])
      order by s.number for update`,
  )
  return locked.filter((seat) => seat.isKeepable).map((seat) => seat.number)
}

/** Ends an allotment: its seats are like any others from now on. @returns those that nobody has */
export async function releaseAllotment(tx: Tx, sectionId: string, id: string, now: Date): Promise<number[]> {
  const { numbers } = await row(
    tx,
    sql<{ numbers: number[] }>`
      with mine as (
        select s.number, ${unclaimed(now)} as is_free from inventory.seats s
        where s.section_id = ${sectionId} and s.kept_for = ${id} and s.kept_until > ${now} order by s.number for update),
      moved as (
        update inventory.seats s set kept_for = null, kept_until = null from mine
        where s.section_id = ${sectionId} and s.number = mine.number returning s.section_id, s.number, mine.is_free),
      ended as (
        update inventory.allotments set release_at = ${now} where id = ${id} and release_at > ${now}),
      ${noted}
      select coalesce(array_agg(number order by number) filter (where is_free), '{}') as numbers from moved`,
  )
  return numbers
}

/** The allotments of a section, newest first; seats released and sold to somebody else are not theirs any more. */
export const allotmentsOf = (db: Db | Tx, sectionId: string, now: Date, id?: string): Promise<Allotment[]> =>
  rows(
    db,
    sql<Allotment>`
      select a.id, a.name, a.release_at as "releaseAt",
             json_agg(json_build_object('number', s.number, 'label', s.label) order by s.number) as seats,
             count(*) filter (where ${unclaimed(now)} and s.kept_for = a.id and s.kept_until > ${now}) as free,
             count(*) filter (where not ${unclaimed(now)} and h.entitled = a.id) as taken
      from inventory.allotments a
      join inventory.seats s on s.section_id = a.section_id and s.number = any(a.seats)
      left join inventory.holds h on h.id = s.hold_id
      where a.section_id = ${sectionId} and (${id ?? null}::text is null or a.id = ${id ?? null})
      group by a.id order by a.id desc`,
  )

/** Notes a change of each section whose kept seats time has given back since the last call. @returns those sections */
export async function announceReleases(tx: Tx, now: Date): Promise<string[]> {
  const released = await rows(
    tx,
    sql<{ sectionId: string }>`
      with due as (
        delete from inventory.releases where (section_id, at) in (
          select section_id, at from inventory.releases where at <= ${now} order by at limit 100 for update skip locked)
        returning section_id),
      noted as (
        insert into inventory.changes (section_id, steps) select distinct section_id, 1 from due)
      select distinct section_id as "sectionId" from due`,
  )
  return released.map(({ sectionId }) => sectionId)
}

// ---------------------------------------------------------------- prices

/** Changes what a section's seats cost from now on. @returns what they cost before, or undefined where the currency is another */
export async function changePrice(tx: Tx, sectionId: string, price: Money): Promise<Money | undefined> {
  const before = await row(
    tx,
    sql<{ amount: number; currency: Currency }>`
      select price_amount as amount, price_currency as currency from inventory.sections where id = ${sectionId} for update`,
  )
  const isChanged = await changed(
    tx,
    sql`update inventory.sections set price_amount = ${price.amount} where id = ${sectionId} and price_currency = ${price.currency}`,
  )
  return isChanged === 0 ? undefined : before
}

// ---------------------------------------------------------------- who did what

export type NewIntervention = {
  sectionId: string
  kind: (typeof interventionKinds)[number]
  by: string
  at: Date
  reason: string
  numbers: readonly number[]
  price?: Money
}
export type Intervention = Omit<NewIntervention, 'sectionId' | 'price'> & {
  amount: number | null
  currency: Currency | null
}

export async function noteIntervention(
  tx: Tx,
  { sectionId, kind, by, at, reason, numbers, price }: NewIntervention,
): Promise<void> {
  await sql`
    insert into inventory.interventions (section_id, kind, account_id, at, reason, seats, price_amount, price_currency)
    values (${sectionId}, ${kind}, ${by}, ${at}, ${reason}, ${numbers}::int[], ${price?.amount ?? null}, ${price?.currency ?? null})`.execute(
    tx,
  )
}

export const interventionsOf = (db: Db, sectionId: string): Promise<Intervention[]> =>
  rows(
    db,
    sql<Intervention>`
      select kind, account_id as by, at, reason, seats as numbers, price_amount as amount, price_currency as currency
      from inventory.interventions where section_id = ${sectionId} order by seq desc limit 200`,
  )
