export function WatchPage(_: { id?: string }) {
  return null
}
