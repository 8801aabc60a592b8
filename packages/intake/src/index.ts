export { type Arrival, type ArrivalDetails, createIntake, type Intake } from './accept-image.ts'
export type { Acceptance, AcceptedImage } from './accepted-image.ts'
export { enqueueImage } from './enqueue-image.ts'
export { forgetBytes } from './known-bytes.ts'
