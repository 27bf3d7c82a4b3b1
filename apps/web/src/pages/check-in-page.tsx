export function CheckInPage(_: { id?: string }) {
  return null
}
