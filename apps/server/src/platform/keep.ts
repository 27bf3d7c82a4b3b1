/** Keeps a value under its key. A new key beyond `max` takes the room of the one that was kept first. */
export function keep<K, V>(map: Map<K, V>, max: number, key: K, value: V): void {
  if (map.size >= max && !map.has(key)) map.delete(map.keys().next().value!)
  map.set(key, value)
}
