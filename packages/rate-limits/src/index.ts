export * from './open-limiter.ts'
export type { Use } from './policies.ts'
export * from './usage-table.ts'
