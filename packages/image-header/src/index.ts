export { type ImageHeader, inspectImage } from './inspect-image.ts'
