//! Codes of the music industry and the one exact decimal parser
