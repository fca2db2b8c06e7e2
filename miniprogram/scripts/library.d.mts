/** The text of the plain file. */
export function library(): Promise<string>
/** Where it is committed. */
export const place: string
