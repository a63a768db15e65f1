// Nothing to do beyond the header.
