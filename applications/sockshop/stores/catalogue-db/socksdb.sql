-- The catalogue, read when the image is built.
CREATE DATABASE socksdb CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
USE socksdb;
SET NAMES utf8mb4;

CREATE TABLE sock (
  sock_id varchar(40) NOT NULL PRIMARY KEY,
  name varchar(20),
  description varchar(200),
  price float,
  count int,
  image_url_1 varchar(40),
  image_url_2 varchar(40)
) ENGINE=InnoDB;

CREATE TABLE tag (
  tag_id mediumint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name varchar(20)
) ENGINE=InnoDB;

CREATE TABLE sock_tag (
  sock_id varchar(40),
  tag_id mediumint,
  FOREIGN KEY (sock_id) REFERENCES sock (sock_id),
  FOREIGN KEY (tag_id) REFERENCES tag (tag_id)
) ENGINE=InnoDB;

START TRANSACTION;

INSERT INTO tag (tag_id, name) VALUES
  (1, 'brown'),
  (2, 'geek'),
  (3, 'formal'),
  (4, 'blue'),
  (5, 'skin'),
  (6, 'red'),
  (7, 'action'),
  (8, 'sport'),
  (9, 'black'),
  (10, 'magic'),
  (11, 'green');

INSERT INTO sock VALUES
  ('6d62d909-f957-430e-8689-b5129c0bb75e', 'Weave special', 'A dense black weave for people who like things well connected. Holds together however many feet you add.',
   17.15, 33, '/catalogue/images/weave1.jpg', '/catalogue/images/weave2.jpg'),
  ('a0a4f044-b040-410d-8ead-4de0446aec7e', 'Nerd leg', 'So close to the colour of a leg that nobody will notice it, save for the thin blue line. Best worn with sandals and no regrets.',
   7.99, 115, '/catalogue/images/bit_of_leg_1.jpeg', '/catalogue/images/bit_of_leg_2.jpeg'),
  ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 'Crossed', 'Red crosses blue, blue crosses red, and your ankles stay out of the argument. Smart enough for a meeting, quick enough to leave it.',
   17.32, 738, '/catalogue/images/cross_1.jpeg', '/catalogue/images/cross_2.jpeg'),
  ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 'SuperSport XL', 'Cushioned heel, airy toes and an honest grip. They will not run for you, but they will not slow you down either.',
   15, 820, '/catalogue/images/puma_1.jpeg', '/catalogue/images/puma_2.jpeg'),
  ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 'Holy', 'The only pair of its kind, and the holes are on purpose. Said to work small wonders on cold feet; draughts are included in the price.',
   99.99, 1, '/catalogue/images/holy_1.jpeg', '/catalogue/images/holy_2.jpeg'),
  ('d3588630-ad8e-49df-bbd7-3167f7efb246', 'YouTube.sock', 'For long evenings of just one more video. Keeps its shape through every buffering pause.',
   10.99, 801, '/catalogue/images/youtube_1.jpeg', '/catalogue/images/youtube_2.jpeg'),
  ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 'Figueroa', 'Blue and green in a pattern that looks different from each end of the street. Goes with a suit, if the suit is in a good mood.',
   14, 808, '/catalogue/images/WAT.jpg', '/catalogue/images/WAT2.jpg'),
  ('zzz4f044-b040-410d-8ead-4de0446aec7e', 'Classic', 'Brown and green, as socks have been since people first had ankles. Never in fashion, so never out of it.',
   12, 127, '/catalogue/images/classic.jpg', '/catalogue/images/classic2.jpg'),
  ('3395a43e-2d88-40de-b95f-e00e1502085b', 'Colourful', 'Every stripe is a different mood, and two of them are yours today. Washing them together only makes them happier.',
   18, 438, '/catalogue/images/colourful_socks.jpg', '/catalogue/images/colourful_socks.jpg'),
  ('837ab141-399e-4c1f-9abc-bace40296bac', 'Cat socks', 'Soft, warm and convinced that the sofa belongs to them. Nine lives each, so eighteen to the pair.',
   15, 175, '/catalogue/images/catsocks.jpg', '/catalogue/images/catsocks2.jpg');

INSERT INTO sock_tag VALUES
  ('6d62d909-f957-430e-8689-b5129c0bb75e', 2), ('6d62d909-f957-430e-8689-b5129c0bb75e', 9),
  ('a0a4f044-b040-410d-8ead-4de0446aec7e', 4), ('a0a4f044-b040-410d-8ead-4de0446aec7e', 5),
  ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 4), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 6),
  ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 7), ('808a2de1-1aaa-4c25-a9b9-6612e8f29a38', 3),
  ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 8), ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 9),
  ('510a0d7e-8e83-4193-b483-e27e09ddc34d', 3),
  ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 10), ('03fef6ac-1896-4ce8-bd69-b798f85c6e0b', 7),
  ('d3588630-ad8e-49df-bbd7-3167f7efb246', 2), ('d3588630-ad8e-49df-bbd7-3167f7efb246', 3),
  ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 3), ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 11),
  ('819e1fbf-8b7e-4f6d-811f-693534916a8b', 4),
  ('zzz4f044-b040-410d-8ead-4de0446aec7e', 1), ('zzz4f044-b040-410d-8ead-4de0446aec7e', 11),
  ('3395a43e-2d88-40de-b95f-e00e1502085b', 1), ('3395a43e-2d88-40de-b95f-e00e1502085b', 4),
  ('837ab141-399e-4c1f-9abc-bace40296bac', 1), ('837ab141-399e-4c1f-9abc-bace40296bac', 11),
  ('837ab141-399e-4c1f-9abc-bace40296bac', 3);

COMMIT;
