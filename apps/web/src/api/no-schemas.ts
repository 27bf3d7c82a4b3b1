import type { Type } from '@fairgate/contracts/schema'

/**
 * Stands for the schema library in the browser (see `vite.config.ts`): every builder answers an empty schema. The types
 * of the contracts are untouched, and the server checks what is sent.
 */
const none = new Proxy({}, { get: () => () => ({}) }) as typeof Type

// oxlint-disable-next-line import/no-default-export -- the library that this stands for has one
export default none
