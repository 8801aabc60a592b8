export { type ImageHeader, inspectImage, inspectStream } from './inspect-image.ts'
