/** The file ends before what it announces. Internal: the caller knows the file and says what was being read. */
export class UnexpectedEnd extends Error {}
