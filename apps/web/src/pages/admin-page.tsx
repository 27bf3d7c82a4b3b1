export function AdminPage(_: { id?: string }) {
  return null
}
